"""The review: all faults of declarations, found at once, without any output.

It also tries to number the part without errors, so that it finds whatever a build would
refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headcount_registry import checks
from headcount_registry.checks import policies
from headcount_registry.checks.dates import Days, expiring
from headcount_registry.evolution.stated_days import stated_days
from headcount_registry.findings import Severity
from headcount_registry.pipeline.stages import nothing_declared, number_draft, read_draft

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from headcount_registry.checks.table import Check
    from headcount_registry.findings import Finding


@dataclass(frozen=True, slots=True)
class Review:
    """Findings, sorted by place, and how much was reviewed; if `strict`, each is an error."""

    findings: tuple[Finding, ...]
    files: int
    projects: int
    keys: int
    strict: bool
    today: dt.date

    @property
    def errors(self) -> int:
        """The number of errors."""
        return sum(each.is_error for each in self.findings)

    @property
    def warnings(self) -> int:
        """The number of warnings."""
        return len(self.findings) - self.errors


def review(  # noqa: PLR0913 - each of the last three has a usual value
    paths: Iterable[Path],
    lock_file: Path,
    today: dt.date,
    *,
    strict: bool = False,
    within: dt.timedelta | None = None,
    rules: Iterable[Check] = (),
) -> Review:
    """Review declarations on a day.

    Keys that end `within` some days are errors; None asks for none. `rules` are policies, which
    see the part without errors. Raises `SourceError`,
    `LockError` or `HistoryError` if something cannot be read, or nothing is declared.
    """
    paths = tuple(paths)
    draft = read_draft(paths)
    days = Days(today, stated_days(lock_file))
    checked = checks.look(draft, days)
    found = list(checked.findings(strict=strict))
    if not draft.projects and not found:
        raise nothing_declared(paths)
    numbered = number_draft(checked.without_errors(), lock_file)
    later = [*numbered.findings, *policies.problems(rules, numbered.registry)]
    found += [replace(each, severity=Severity.ERROR) if strict else each for each in later]
    if within is not None:
        found += expiring(draft, today, within)
    return Review(
        tuple(sorted(found)),
        len(draft.files),
        len(draft.projects),
        sum(len(project.keys) for project in draft.projects),
        strict,
        today,
    )
