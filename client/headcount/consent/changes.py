"""The differences between what a project asks now and the terms of consent, key by key.

Pure functions of the declarations and the consent record. `asking.differences` says them
in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.consent.record import DENIED
from headcount.consent.state import is_refused
from headcount.consent.terms import Terms
from headcount.model.frozen import Frozen
from headcount.model.project import LEVELS

if TYPE_CHECKING:
    from headcount.consent.record import Record
    from headcount.model.project import Key, Project

NEW = "new"
WIDENED = "widened"
NARROWED = "narrowed"
GONE = "gone"

ASKED, REACH = "asked", "reach"
"""Parts of a difference that are none of the terms: whether a key is asked, and its level
beside the agreed one."""

_PARTS = ("type", "purpose", "level", "precision", "threshold")
_SETS = ("values", "buckets", "by")

Part = str | int | bool | tuple[str, ...] | tuple[int, ...]


class Difference(Frozen):
    """One part that differs, as it was agreed to and as it is.

    `part` is a part of `Terms`, or `asked` (whether the key is asked), or `reach` (the level
    of the yes before, and after it that of the key, which is beyond). Sets hold what was
    dropped (`before`) and what was added (`after`).
    """

    part: str
    before: Part
    after: Part


class Change(Frozen):
    """A key that differs from the terms of consent.

    `kind` is new, widened, narrowed or gone, and `differences` say how the key differs.
    `waits` tells that a new or widened key waits for an answer. A key that was refused,
    or moved beyond the agreed level, neither waits nor is sent. A key that only gained
    values or parts of a version does not wait: it is `limited`, so it is sent within
    the terms of consent.
    """

    key: str
    label: str
    kind: str
    differences: tuple[Difference, ...]
    waits: bool
    limited: bool = False


def changes(project: Project, record: Record | None) -> tuple[Change, ...]:
    """Return all keys that differ, by number, and then the keys that are gone, by name.

    Return none if nobody ever agreed to anything.
    """
    if record is None or record.decision == DENIED or not (record.terms or record.refused):
        return ()
    found: list[Change] = []
    left = dict(record.terms)
    for key in project.keys:
        agreed = left.pop(key.name, None) or left.pop(key.formerly, None)
        if change := _change(key, agreed, record):
            found.append(change)
    no_longer = Difference(part=ASKED, before=True, after=False)
    gone = (
        Change(key=name, label=name, kind=GONE, differences=(no_longer,), waits=False)
        for name in sorted(left)
    )
    return (*found, *gone)


def _change(key: Key, agreed: Terms | None, record: Record) -> Change | None:
    present = Terms.of(key)
    if agreed == present:
        return None
    refused = is_refused(key, record.refused)
    beyond = LEVELS.index(key.level) > LEVELS.index(record.level)
    if agreed is None:
        if refused or beyond:
            return None  # answered, by name or by the level
        kind = NEW
        found = [Difference(part=ASKED, before=False, after=True)]
    else:
        kind = WIDENED if agreed.widened_by(present) else NARROWED
        found = _differences(agreed, present)
    if beyond:
        found.append(Difference(part=REACH, before=record.level, after=key.level))
    asked = kind in {NEW, WIDENED} and not refused and not beyond
    limited = agreed is not None and agreed.cover(present)
    return Change(
        key=key.name,
        label=key.label,
        kind=kind,
        differences=tuple(found),
        waits=asked and not limited,
        limited=asked and limited,
    )


def _differences(agreed: Terms, present: Terms) -> list[Difference]:
    """Return every part of the terms that differs."""
    before, after = agreed.parts(), present.parts()
    found = [(name, before[name], after[name]) for name in _PARTS]
    for name in _SETS:
        dropped = tuple(item for item in before[name] if item not in after[name])
        added = tuple(item for item in after[name] if item not in before[name])
        found.append((name, dropped, added))
    found.append(("catalogue", agreed.catalogue, present.catalogue))
    return [Difference(part=part, before=was, after=is_) for part, was, is_ in found if was != is_]
