"""The review: everything that is wrong with declarations, found at once, nothing made.

Numbers are tried too, on the part without errors, so that a review finds whatever a build
would refuse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headcount_registry import checks
from headcount_registry.findings import Severity
from headcount_registry.pipeline.stages import nothing_declared, number_draft, read_draft

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from headcount_registry.findings import Finding


@dataclass(frozen=True, slots=True)
class Review:
    """What was found, sorted by place, in how much; every finding is an error if `strict`."""

    findings: tuple[Finding, ...]
    files: int
    projects: int
    keys: int
    strict: bool
    today: dt.date

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(each.is_error for each in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors


def review(
    paths: Iterable[Path], lock_file: Path, today: dt.date, *, strict: bool = False
) -> Review:
    """Look at declarations on a day.

    Raises `SourceError` or `LockError` where something cannot be read, or nothing is declared.
    """
    paths = tuple(paths)
    draft = read_draft(paths)
    found = list(checks.run_checks(draft, strict=strict, today=today))
    if not draft.projects and not found:
        raise nothing_declared(paths)
    numbers = number_draft(checks.without_errors(draft), lock_file).findings
    found += [replace(each, severity=Severity.ERROR) if strict else each for each in numbers]
    return Review(
        tuple(sorted(found)),
        len(draft.files),
        len(draft.projects),
        sum(len(project.keys) for project in draft.projects),
        strict,
        today,
    )
