"""The renewal of a key: a later day in its declaration, and the reason in the history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.checks.dates import LONGEST, date
from headcount_registry.declarations.draft import gather
from headcount_registry.errors import SourceError
from headcount_registry.evolution import history
from headcount_registry.reading import info
from headcount_registry.reading.source import read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.draft import Draft, KeyDraft, Statement


def renewed(  # noqa: PLR0913 - what to do, where, and when
    paths: Iterable[Path],
    lock_file: Path,
    name: str,
    until: dt.date,
    because: str,
    today: dt.date,
) -> dict[Path, bytes]:
    """Return the file of a key with its new last day, and the history with the reason.

    `name` is `KEY` or `PROJECT.KEY`. Every other byte of the file stays. Raises `SourceError`
    if there is no such key, it never ends, or the day is none to renew it until. Of a key that
    never ends, the day of its review is the last one.
    """
    key = _found(gather(read(paths)), name)
    stated = key.scalar("expires") or key.scalar("review")
    ends = date(stated) if stated else None
    if stated is None or ends is None:
        raise SourceError(
            f"{key.location}: `{key.name}` has no day on which it ends;"
            f" write `telemetry[{key.name}][expires] = {until}`"
        )
    if not max(today, ends) < until <= today + LONGEST:
        raise SourceError(
            f"{stated.value_location}: `{key.name}` ends on {ends}; renew it until a later day,"
            f" at most two years from now, which is {today + LONGEST}"
        )
    entry = history.Renewal(key.project, key.name, until.isoformat(), today.isoformat(), because)
    return {
        Path(stated.source.file): _with_day(stated, until),
        history.history_path(lock_file): history.appended(lock_file, entry.line()),
    }


def _found(draft: Draft, name: str) -> KeyDraft:
    keys = [key for project in draft.projects for key in project.keys]
    found = [key for key in keys if name in {key.name, f"{key.project}.{key.name}"}]
    if not found:
        raise SourceError(f"{name}: no such key is declared; write KEY or PROJECT.KEY")
    if len(found) > 1:
        names = ", ".join(f"{key.project}.{key.name}" for key in found)
        raise SourceError(f"{name}: there are several; write one of {names}")
    return found[0]


def _with_day(stated: Statement, until: dt.date) -> bytes:
    file, document = stated.source.file, stated.source.document
    if not Path(file).is_file():
        raise SourceError(f"{file}: is in an archive; renew the key where it is written")
    text, pair = document.text, stated.pair
    start = text.index(stated.text, pair.value_start)
    changed = text[:start] + until.isoformat() + text[start + len(stated.text) :]
    wanted = [
        (each.key, until.isoformat() if each is pair else each.value) for each in document.pairs
    ]
    if [(each.key, each.value) for each in info.parse(changed).pairs] != wanted:
        raise SourceError(f"{stated.location}: cannot be changed safely; write the day yourself")
    return changed.encode("utf-8", "surrogateescape")
