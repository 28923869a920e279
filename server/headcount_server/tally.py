"""The tally: totals of one week and project, and how a report is added to them.

Pure counting. A report adds one to `reports`, one to `answers` of each key
that it answers, and one to each value; which report it was is not kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from headcount_server.answers import Answers
from headcount_server.schema import Project


class Cell(NamedTuple):
    """One count below a key: a value, per release where the key is cross-tabulated."""

    key: int
    """Permanent number of the key."""
    value: str
    """Text of the value: a declared text, a version, `true`, a bucket such as `10-99`."""
    release: str
    """Release of the project; empty where the key is not cross-tabulated."""


@dataclass(slots=True)
class Tally:
    """Totals of one project in one week."""

    reports: int = 0
    """Reports counted."""
    answers: Counter[int] = field(default_factory=Counter)
    """Reports that answered a key, by its number."""
    values: Counter[Cell] = field(default_factory=Counter)
    """Reports per value."""

    def add(self, project: Project, answers: Answers) -> None:
        """Count one report."""
        self.reports += 1
        for answer in answers.given:
            self.answers[answer.key] += 1
            release = answers.release if project.keys[answer.key].crossed else ""
            for value in answer.values:
                self.values[Cell(answer.key, value, release)] += 1


def tally(project: Project, reports: Iterable[Answers]) -> Tally:
    """The totals of these reports."""
    total = Tally()
    for answers in reports:
        total.add(project, answers)
    return total
