"""The history of the declarations: one line for each release, kept beside the lock.

    {"release": "1.2", "date": "2026-11-21", "note": "...", "changes": [{"project": "bee", ...}]}
    {"renewed": "bee.php_version", "until": "2027-11-21", "date": "2026-11-21", "because": "..."}

`registry.history` only grows, and is reviewed like the lock. `registry.released.binpb` is the
descriptor set of the last release, with which the next one is compared. `release`, `build
--release` and `renew` write them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headcount_registry.declarations.model import Registry
from headcount_registry.errors import HistoryError, SourceError
from headcount_registry.evolution.attribute_changes import Breaks, Kind
from headcount_registry.evolution.comparison import Change, Comparison, Snapshot, compare
from headcount_registry.evolution.comparison_text import as_object
from headcount_registry.evolution.descriptor_reader import read_registry


@dataclass(frozen=True, slots=True)
class Release:
    """A release and its `date` (ISO 8601); both are empty for changes that await a release.

    `note` says why, in the maintainers' words; it may be empty.
    """

    release: str
    date: str
    changes: tuple[Change, ...]
    note: str = ""

    def line(self) -> str:
        """Return the line of the file, without its end."""
        changes = [as_object(change) for change in self.changes]
        model: dict[str, object] = {"release": self.release, "date": self.date}
        if self.note:
            model["note"] = self.note
        return json.dumps(model | {"changes": changes}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A key that goes on until a later day (ISO 8601), when that was said, and why."""

    project: str
    key: str
    until: str
    date: str
    because: str

    def line(self) -> str:
        """Return the line of the file, without its end."""
        name = f"{self.project}.{self.key}"
        model = {"renewed": name, "until": self.until, "date": self.date, "because": self.because}
        return json.dumps(model, ensure_ascii=False)


def history_path(lock_file: Path) -> Path:
    """Return the path of the history that belongs to a lock."""
    return lock_file.with_suffix(".history")


def released_path(lock_file: Path) -> Path:
    """Return the path of the last release's descriptor set."""
    return lock_file.with_suffix(".released.binpb")


def releases(lock_file: Path) -> tuple[Release, ...]:
    """Return all releases, oldest first. Raises `HistoryError` with the line that is damaged."""
    return tuple(each for each in entries(lock_file) if isinstance(each, Release))


def renewals(lock_file: Path) -> tuple[Renewal, ...]:
    """Return all renewals, oldest first. Raises `HistoryError` as `releases` does."""
    return tuple(each for each in entries(lock_file) if isinstance(each, Renewal))


def appended(lock_file: Path, line: str) -> bytes:
    """Return the history with one more line. Raises `HistoryError` if it is damaged."""
    entries(lock_file)
    path = history_path(lock_file)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    end = "\n" if before and not before.endswith("\n") else ""
    return f"{before}{end}{line}\n".encode()


def entries(lock_file: Path) -> tuple[Release | Renewal, ...]:
    """Return all releases and renewals, oldest first. Raises `HistoryError` as `releases` does."""
    path = history_path(lock_file)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise HistoryError(f"{path}: cannot be read: {error}") from error
    found: list[Release | Renewal] = []
    for count, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                parts = json.loads(line)
                found.append(_renewal(parts) if "renewed" in parts else _release(parts))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise HistoryError(
                    f"{path}:{count}: error: no line of a history ({error}); restore it from"
                    " version control"
                ) from error
    return tuple(found)


def since_release(registry: Registry, lock_file: Path) -> Comparison:
    """Return the changes since the last release; everything is new if there was none."""
    return compare(Snapshot("", released(lock_file)), Snapshot("", registry))


def with_unreleased(registry: Registry, lock_file: Path) -> tuple[Release, ...]:
    """Return all releases, oldest first, and then the changes that await a release.

    Before the first release this returns none, because everything is new.
    """
    past = releases(lock_file)
    to_come = since_release(registry, lock_file).changes if past else ()
    return (*past, Release("", "", to_come)) if to_come else past


def entered(registry: Registry, lock_file: Path, entry: Release) -> tuple[Release, ...]:
    """Return all releases, oldest first, and then an entry with the changes since the last one.

    Raises `HistoryError` if there is a release of that name.
    """
    past = releases(lock_file)
    if any(each.release == entry.release for each in past):
        raise HistoryError(
            f"{history_path(lock_file)}: has a release {entry.release} already; choose another name"
        )
    return (*past, replace(entry, changes=since_release(registry, lock_file).changes))


def files(entry: Release, descriptor_set: bytes, lock_file: Path) -> dict[Path, bytes]:
    """Return the history's files after a release, whose descriptor set is kept beside it."""
    lines = appended(lock_file, entry.line())
    return {history_path(lock_file): lines, released_path(lock_file): descriptor_set}


def for_project(all_releases: Iterable[Release], project: str) -> tuple[Release, ...]:
    """Return the releases that changed a project, with the changes of this project only."""
    found = (
        replace(each, changes=tuple(c for c in each.changes if c.project == project))
        for each in all_releases
    )
    return tuple(each for each in found if each.changes)


def released(lock_file: Path) -> Registry:
    """Return the registry of the last release; it is empty before the first."""
    path = released_path(lock_file)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Registry(())
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    return read_registry(data, str(path))


def _renewal(parts: Any) -> Renewal:  # noqa: ANN401 - as JSON gave it
    project, _, key = parts["renewed"].partition(".")
    until, day = parts["until"], parts["date"]
    for each in (until, day):
        dt.date.fromisoformat(each)
    return Renewal(project, key, until, day, str(parts["because"]))


def _release(parts: Any) -> Release:  # noqa: ANN401 - as JSON gave it
    dt.date.fromisoformat(parts["date"])
    changes = (
        Change(
            project=str(each["project"]),
            key=str(each["key"]),
            kind=Kind(each["kind"]),
            detail=str(each["detail"]),
            breaks=Breaks(each["breaks"]),
            asks=each["asks"] is True,
        )
        for each in parts["changes"]
    )
    note = str(parts.get("note", ""))
    return Release(str(parts["release"]), parts["date"], tuple(changes), note)
