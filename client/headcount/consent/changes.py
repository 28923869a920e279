"""The differences between what a project asks now and the terms of consent, key by key.

Pure functions of the declarations and the consent record.
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


class Change(Frozen):
    """A key that differs from the terms of consent.

    `kind` is new, widened, narrowed or gone, and `reasons` say how the key differs.
    `waits` tells that a new or widened key waits for an answer. A key that was refused,
    or moved beyond the agreed level, neither waits nor is sent. A key that only gained
    values or parts of a version does not wait: it is `limited`, so it is sent within
    the terms of consent.
    """

    key: str
    label: str
    kind: str
    reasons: tuple[str, ...]
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
    gone = (
        Change(key=name, label=name, kind=GONE, reasons=("it is no longer asked",), waits=False)
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
        reasons = [
            f"it was not asked when you answered; it is asked to: {_quoted(present.purpose)}"
        ]
    else:
        kind = WIDENED if agreed.widened_by(present) else NARROWED
        reasons = _differences(agreed, present)
    if beyond:
        reasons.append(f"it belongs to the level {key.level}, you agreed to {record.level}")
    asked = kind in {NEW, WIDENED} and not refused and not beyond
    limited = agreed is not None and agreed.cover(present)
    return Change(
        key=key.name,
        label=key.label,
        kind=kind,
        reasons=tuple(reasons),
        waits=asked and not limited,
        limited=asked and limited,
    )


def _differences(agreed: Terms, present: Terms) -> list[str]:
    """Return every part of the terms that differs, as it was and as it is."""
    found = [
        f"{name}: {_quoted(before)} became {_quoted(after)}"
        for name, before, after in (
            ("kind", agreed.type, present.type),
            ("purpose", agreed.purpose, present.purpose),
            ("level", agreed.level, present.level),
            ("parts of a version", agreed.precision, present.precision),
            ("fewest installations that are published", agreed.threshold, present.threshold),
        )
        if before != after
    ]
    for name, before_all, after_all in (
        ("answers", agreed.values, present.values),
        ("bounds of ranges", agreed.buckets, present.buckets),
        ("counted together with", agreed.by, present.by),
    ):
        added = [str(item) for item in after_all if item not in before_all]
        dropped = [str(item) for item in before_all if item not in after_all]
        found += [f"more {name}: {', '.join(added)}"] if added else []
        found += [f"fewer {name}: {', '.join(dropped)}"] if dropped else []
    if agreed.catalogue != present.catalogue:
        found.append("names from a public list" if present.catalogue else "no public list any more")
    return found


def _quoted(part: object) -> str:
    return f'"{part}"' if isinstance(part, str) else str(part)
