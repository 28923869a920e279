"""Queries of what a server publishes about a project.

A server with several instances exposes the same totals on each; `max` counts them once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.model import KeyType
from headcount_registry.emitters import wording

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Key, Project

WEEK_START = "headcount_week_start_timestamp_seconds"
"""When the published week began."""
THRESHOLD = "headcount_threshold_reports"
"""The number that every total is a multiple of."""
_CUT_SERIES = "headcount_cut_series"
_CUT_VALUES = "headcount_cut_values"
YES = "true"
"""The only value of a boolean that is published."""


def total(project: Project) -> str:
    """Return the reports of a project."""
    return f"max({names.metrics(project.name)[0]})"


def change(project: Project) -> str:
    """By what part the reports of a project differ from those of a week earlier."""
    return f"{total(project)} / max({names.metrics(project.name)[0]} offset 1w) - 1"


def cut(project: Project) -> str:
    """Return the published values of a project that are no series, since there are too many."""
    values = f'max by (key) ({_CUT_VALUES}{{project="{project.name}"}})'
    return f"sum({values}) or 0 * max({_CUT_SERIES})"


@dataclass(frozen=True, slots=True)
class Totals:
    """Queries of one key: of its values, of their shares, and of what no value tells."""

    reports: str
    """Series of the values."""
    answers: str
    """Series of the reports that answered at all."""
    released: str
    """Series of the values per release; there where the key is declared so."""

    @classmethod
    def of(cls, project: Project, key: Key) -> Totals:
        """Return the series of a key."""
        return cls(*names.metrics(project.name, key.name))

    def values(self) -> str:
        """Reports by value."""
        return f"max by (value) ({self.reports})"

    def shares(self) -> str:
        """Share of those who answered, by value."""
        return f"{self.values()} / scalar(max({self.answers}))"

    def share(self, value: str) -> str:
        """Share of one value, which needs no escapes: a range, or `YES`."""
        return f'max({self.reports}{{value="{value}"}}) / max({self.answers})'

    def remainder(self) -> str:
        """Share of what is other, rare or unknown; of a key whose answers do not overlap."""
        answers = f"max({self.answers})"
        counted = f"(sum({self.values()}) or 0 * {answers})"
        return f"({answers} - {counted}) / {answers}"

    def frequent(self, most: int) -> str:
        """Shares of the values that are most frequent now, also of the time before."""
        return f"{self.shares()} and on (value) {self._most_now(most)}"

    def most(self, most: int) -> str:
        """Shares of the most frequent values, in this order."""
        return f"sort_desc(topk({most}, {self.shares()}))"

    def releases(self) -> str:
        """Reports by value and release."""
        return f"max by (value, version) ({self.released})"

    def frequent_releases(self, most: int) -> str:
        """Return the same of the most frequent values."""
        return f"{self.releases()} and on (value) {self._most_now(most)}"

    def _most_now(self, most: int) -> str:
        return f"topk({most}, max by (value) ({self.reports} @ end()))"


def ranges(key: Key) -> tuple[str, ...]:
    """Return the ranges of a count that are published: all but the first."""
    return wording.ranges(key.buckets)[1:]


def overlaps(key: Key) -> bool:
    """Return whether one report may hold several values, so that shares add up to more than one."""
    return key.type is KeyType.LIST
