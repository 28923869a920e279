"""Keys that nobody was asked in a week, which differs from a key that too few answered.

What is declared now says so of every week, so a week's marks change with the declarations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum

from headcount.v1 import options_pb2
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.publication.published import PublishedProject
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week


class Why(Enum):
    """The reason why nobody was asked."""

    EXPIRED = wire.NOT_ASKED_REASON_EXPIRED
    RETIRED = wire.NOT_ASKED_REASON_RETIRED
    NOT_YET = wire.NOT_ASKED_REASON_NOT_YET


@dataclass(frozen=True, slots=True)
class Unasked:
    """A key that nobody was asked."""

    key: str
    why: Why
    day: str
    """Day (ISO 8601) of its expiry, or of the release that retired or added it; empty if no
    release has done so yet."""


def unasked(project: Project, week: Week, found: PublishedProject) -> Iterator[Unasked]:
    """Yield the keys of a project that nobody was asked in a week, by name."""
    retired = (_retired(project, name, week, found) for name in _dropped(project))
    declared = (reason(project, key, week, found) for key in project.keys.values())
    yield from sorted((one for one in (*declared, *retired) if one), key=lambda one: one.key)


def reason(
    project: Project, key: Key, week: Week, found: PublishedProject | None
) -> Unasked | None:
    """Return why nobody was asked a declared key; None if installations were, for all we know."""
    if key.expires and key.expires <= week.start.date():
        return Unasked(key.name, Why.EXPIRED, key.expires.isoformat())
    if found and found.terms and key.number not in _asked(found):
        added = release(project, key.name, options_pb2.CHANGE_KIND_ADDED)
        day = added.date if added and _after(added.date, week) else ""
        return Unasked(key.name, Why.NOT_YET, day)
    return None


def release(project: Project, key: str, kind: options_pb2.ChangeKind) -> options_pb2.Release | None:
    """Return the last release that changed a key in such a way; None if none has."""
    for each in reversed(project.declaration.releases):
        if any(change.key == key and change.kind == kind for change in each.changes):
            return each
    return None


def _dropped(project: Project) -> set[str]:
    """Return the names of keys that a release retired and that are not declared."""
    return {
        change.key
        for each in project.declaration.releases
        for change in each.changes
        if change.kind == options_pb2.CHANGE_KIND_RETIRED
    } - {key.name for key in project.keys.values()}


def _retired(project: Project, key: str, week: Week, found: PublishedProject) -> Unasked | None:
    asked = {*found.key_names.values(), *found.too_few.values()}
    asked |= {notice.name for notice in found.retractions}
    dropped = release(project, key, options_pb2.CHANGE_KIND_RETIRED)
    if dropped is None or key in asked or not found.terms or _after(dropped.date, week):
        return None
    return Unasked(key, Why.RETIRED, dropped.date)


def _asked(found: PublishedProject) -> set[int]:
    return {*found.terms, *found.publication.answers, *(each.key for each in found.retractions)}


def _after(day: str, week: Week) -> bool:
    """Return whether a day comes after the beginning of a week; a release without one does not."""
    try:
        return date.fromisoformat(day) > week.start.date()
    except ValueError:
        return False
