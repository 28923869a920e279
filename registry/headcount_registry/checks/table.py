"""The table of checks.

A check is a function that takes one subject (a file, a key, a project, the whole draft) and
yields each fault: a place, and a message that says what to write instead. Its docstring is
the rule. The decorator names the check and enters it into the table. Adding a check needs
nothing else.

An error would make a wrong registry, so it stops the build and cannot be allowed. A warning
is a matter of judgement: it can be allowed, and `check --strict` treats it as an error. Some
warnings are only for `check`. These need `--strict`, or depend on the day, and a build must
not depend on the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from headcount_registry.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headcount_registry.findings import Location

Problems: TypeAlias = "Iterator[tuple[Location, str]]"
_F = TypeVar("_F", bound="Callable[..., Iterator[tuple[Location, str]]]")


class When(Enum):
    """The condition under which a check runs."""

    ALWAYS = auto()
    STRICT = auto()
    """Only with `--strict`."""
    DATED = auto()
    """Only if the day is known; the second argument of the function is `dates.Days`."""


@dataclass(frozen=True, slots=True)
class Check:
    """An entry: the name of the findings, their severity, and the function."""

    name: str
    severity: Severity
    function: Callable[..., Problems]
    when: When = When.ALWAYS
    allowable: bool = False
    """Whether a declaration may accept the finding."""

    def problems(self, subject: Any, days: object = None) -> Problems:  # noqa: ANN401 - of its table
        """Yield the faults of one subject; a check that depends on the day needs `days`."""
        return self.function(subject, days) if self.when is When.DATED else self.function(subject)


FILE_CHECKS: list[Check] = []
KEY_CHECKS: list[Check] = []
PROJECT_CHECKS: list[Check] = []
SET_CHECKS: list[Check] = []
DRAFT_CHECKS: list[Check] = []
ALLOWANCE_CHECKS: list[Check] = []


def _entry(
    table: list[Check], name: str, severity: Severity, when: When = When.ALWAYS
) -> Callable[[_F], _F]:
    def enter(function: _F) -> _F:
        of_declaration = table is KEY_CHECKS or table is PROJECT_CHECKS
        allowable = severity is Severity.WARNING and of_declaration
        table.append(Check(name, severity, function, when, allowable))
        return function

    return enter


def file_check(name: str) -> Callable[[_F], _F]:
    """Enter a check of one `Source`."""
    return _entry(FILE_CHECKS, name, Severity.ERROR)


def key_check(
    name: str, severity: Severity = Severity.ERROR, when: When = When.ALWAYS
) -> Callable[[_F], _F]:
    """Enter a check of one `KeyDraft`."""
    return _entry(KEY_CHECKS, name, severity, when)


def project_check(name: str, severity: Severity = Severity.ERROR) -> Callable[[_F], _F]:
    """Enter a check of one `ProjectDraft`.

    A finding at the declaration of a key belongs to that key, whose allowances cover it.
    """
    return _entry(PROJECT_CHECKS, name, severity)


def set_check(name: str) -> Callable[[_F], _F]:
    """Enter a check of a set of conventions, in the form of a `ProjectDraft`."""
    return _entry(SET_CHECKS, name, Severity.ERROR)


def draft_check(name: str) -> Callable[[_F], _F]:
    """Enter a check of the whole `Draft`."""
    return _entry(DRAFT_CHECKS, name, Severity.ERROR)


def allowance_check(name: str) -> Callable[[_F], _F]:
    """Enter a check of the `Allowances` of one project."""
    return _entry(ALLOWANCE_CHECKS, name, Severity.WARNING)
