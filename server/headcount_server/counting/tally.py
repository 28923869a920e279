"""The tally: the totals of one week and project, to which reports are added.

This is pure counting. A report adds one to `reports`, one to `answers` of each key that
it answers, and one to each value. Nothing records which report it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from headcount_server.counting.answers import Answers
from headcount_server.registry.schema import Project


class Cell(NamedTuple):
    """One count of a key: a value, and its release if the key is cross-tabulated."""

    key: int
    """Permanent number of the key."""
    value: str
    """Text of the value: a declared text, a version, `true`, a bucket such as `10-99`."""
    release: str
    """Release of the project; empty if the key is not cross-tabulated."""


@dataclass(slots=True)
class Tally:
    """Totals of one project in one week."""

    reports: int = 0
    """Reports counted."""
    answers: Counter[int] = field(default_factory=Counter)
    """Reports that answered a key, by its number."""
    values: Counter[Cell] = field(default_factory=Counter)
    """Reports per value."""


def tally(project: Project, reports: Iterable[Answers]) -> Tally:
    """Return the totals of these reports."""
    reports = tuple(reports)
    total = Tally(reports=len(reports))
    # Equal answers are mostly one object (see `answer_cache`), so they are counted as
    # objects first and taken apart afterwards.
    alike = Counter(chain.from_iterable(report.given for report in reports))
    crossed = {answer for answer in alike if project.keys[answer.key].crossed}
    for answer, n in alike.items():
        total.answers[answer.key] += n
        if answer not in crossed:
            for value in answer.values:
                total.values[Cell(answer.key, value, "")] += n
    per_release = Counter((a, r.release) for r in reports for a in crossed.intersection(r.given))
    for (answer, release), n in per_release.items():
        for value in answer.values:
            total.values[Cell(answer.key, value, release)] += n
    return total
