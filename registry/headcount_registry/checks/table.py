"""The table of checks.

A check is a function that takes one thing (a file, a key, a project, the whole draft) and
yields what is wrong with it: a place and a message that says what to write instead. The
decorator names it and enters it into the table; nothing else is needed to add one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from headcount_registry.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headcount_registry.declaration import Location
    from headcount_registry.draft import Draft, KeyDraft, ProjectDraft
    from headcount_registry.source import Source

Problems: TypeAlias = "Iterator[tuple[Location, str]]"
_F = TypeVar("_F", bound="Callable[..., Iterator[tuple[Location, str]]]")


@dataclass(frozen=True, slots=True)
class Check:
    """One entry: the name that findings carry, how grave they are, and what looks."""

    name: str
    severity: Severity
    look: Callable[[Any], Problems]


FILE_CHECKS: list[Check] = []
KEY_CHECKS: list[Check] = []
PROJECT_CHECKS: list[Check] = []
DRAFT_CHECKS: list[Check] = []


def _entry(table: list[Check], name: str, severity: Severity) -> Callable[[_F], _F]:
    def enter(look: _F) -> _F:
        table.append(Check(name, severity, look))
        return look

    return enter


def file_check(name: str, severity: Severity = Severity.ERROR) -> Callable[[_F], _F]:
    """Enters a check of one `Source`."""
    return _entry(FILE_CHECKS, name, severity)


def key_check(name: str, severity: Severity = Severity.ERROR) -> Callable[[_F], _F]:
    """Enters a check of one `KeyDraft`."""
    return _entry(KEY_CHECKS, name, severity)


def project_check(name: str, severity: Severity = Severity.ERROR) -> Callable[[_F], _F]:
    """Enters a check of one `ProjectDraft`."""
    return _entry(PROJECT_CHECKS, name, severity)


def draft_check(name: str, severity: Severity = Severity.ERROR) -> Callable[[_F], _F]:
    """Enters a check of the whole `Draft`."""
    return _entry(DRAFT_CHECKS, name, severity)


def look(draft: Draft) -> tuple[Finding, ...]:
    """All findings of all checks, sorted by place."""
    found: set[Finding] = set()
    for check, subject in _pairs(draft):
        for location, message in check.look(subject):
            found.add(Finding(location, check.name, message, check.severity))
    return tuple(sorted(found))


def _pairs(draft: Draft) -> Iterator[tuple[Check, Source | KeyDraft | ProjectDraft | Draft]]:
    for source in draft.files:
        yield from ((check, source) for check in FILE_CHECKS)
    for project in draft.projects:
        yield from ((check, project) for check in PROJECT_CHECKS)
        for key in project.keys:
            yield from ((check, key) for check in KEY_CHECKS)
    yield from ((check, draft) for check in DRAFT_CHECKS)
