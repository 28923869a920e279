"""Queries of the totals that a server publishes about a project.

Several instances of a server expose the same totals; `max` counts them once. A dashboard limits
each series to the servers that its reader picks (`PICKED`), so that two servers in one
Prometheus stay apart. What `recording` computes is kept apart by labels instead.
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
"""The series of the published week's start."""
THRESHOLD = "headcount_threshold_reports"
"""The series of the threshold, of which every total is a multiple."""
_CUT_SERIES = "headcount_cut_series"
_CUT_VALUES = "headcount_cut_values"
YES = "true"
"""The only value of a boolean that is published."""
PICKED = ('job=~"$job"', 'instance=~"$instance"')
"""Matchers of the servers that the reader of a dashboard has picked."""


def series(metric: str, *matchers: str) -> str:
    """Return the selector of a series, limited by matchers such as `project="shop"`."""
    if "$" in metric:  # a name that is put together when the dashboard is read
        metric, matchers = "", (f'__name__="{metric}"', *matchers)
    return f"{metric}{{{','.join(matchers)}}}" if matchers else metric


def total(project: Project, *matchers: str) -> str:
    """Return the reports of a project."""
    return f"max({series(names.metrics(project.name)[0], *matchers)})"


def change(project: Project, *matchers: str) -> str:
    """Return the relative change of a project's reports from a week earlier."""
    reports = series(names.metrics(project.name)[0], *matchers)
    return f"max({reports}) / max({reports} offset 1w) - 1"


def cut(project: Project, *matchers: str) -> str:
    """Return the number of a project's published values that have no series, being too many."""
    values = series(_CUT_VALUES, f'project="{project.name}"', *matchers)
    return f"sum(max by (key) ({values})) or 0 * max({series(_CUT_SERIES, *matchers)})"


@dataclass(frozen=True, slots=True)
class Totals:
    """Queries of one key: of its values, their shares, and the remainder."""

    reports: str
    """The series of the values."""
    answers: str
    """The series of the reports that have an answer."""
    released: str
    """The series of the values by release, if the key is counted by release."""
    matchers: tuple[str, ...] = ()
    """Matchers of the servers that are asked about; none for all."""

    @classmethod
    def of(cls, project: Project, key: Key, *matchers: str) -> Totals:
        """Return the series of a key."""
        reports, answers, released = names.metrics(project.name, key.name)
        return cls(reports, answers, released, matchers)

    @classmethod
    def picked(cls, project: Project) -> Totals:
        """Return the series of the key that the reader of a dashboard has picked."""
        reports, answers, released = names.metrics(project.name, "${key}")
        return cls(reports, answers, released, PICKED)

    def values(self) -> str:
        """Return the reports by value."""
        return f"max by (value) ({self._series(self.reports)})"

    def shares(self) -> str:
        """Return the shares of the answers, by value."""
        return f"{self.values()} / scalar(max({self._series(self.answers)}))"

    def share(self, value: str) -> str:
        """Return the share of one value that needs no escapes: a range, or `YES`."""
        valued = self._series(self.reports, f'value="{value}"')
        return f"max({valued}) / max({self._series(self.answers)})"

    def remainder(self) -> str:
        """Return the share of other, rare and unknown values of a key with one value each."""
        answers = f"max({self._series(self.answers)})"
        counted = f"(sum({self.values()}) or 0 * {answers})"
        return f"({answers} - {counted}) / {answers}"

    def frequent(self, most: int) -> str:
        """Return the shares over time of the values that are most frequent now."""
        return f"{self.shares()} and on (value) {self._most_now(most)}"

    def most(self, most: int) -> str:
        """Return the shares of the most frequent values, in this order."""
        return f"sort_desc(topk({most}, {self.shares()}))"

    def releases(self) -> str:
        """Return the reports by value and release."""
        return f"max by (value, version) ({self._series(self.released)})"

    def frequent_releases(self, most: int) -> str:
        """Return the reports by value and release, for the most frequent values."""
        return f"{self.releases()} and on (value) {self._most_now(most)}"

    def _most_now(self, most: int) -> str:
        return f"topk({most}, max by (value) ({self._series(self.reports)} @ end()))"

    def _series(self, metric: str, *matchers: str) -> str:
        return series(metric, *matchers, *self.matchers)


def ranges(key: Key) -> tuple[str, ...]:
    """Return the published ranges of a count: all except the first."""
    return wording.ranges(key.buckets)[1:]


def overlaps(key: Key) -> bool:
    """Return whether a report may hold several values, so that shares may exceed one in sum."""
    return key.type is KeyType.LIST
