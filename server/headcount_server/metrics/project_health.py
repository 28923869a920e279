"""Signs that something is wrong with a project's reports, for the operations port.

They carry the project's name and nothing of what was answered. What concerns
totals and releases is taken from published weeks alone. The time of the last
report is told to the hour, and counters move on the hour, since whoever keeps
the history of this port would have the moment of each report.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Project

HOWS = ("complete", "partial", "refused")
"""How much of a report was understood: all keys, some, or none."""
HISTORY_WEEKS = 8
"""Closed weeks that the last one is compared with."""
RELEASE_WEEKS = 53
"""Closed weeks in which a declared release should have been seen."""

_HOUR = 3600
_CORE_PREFIX = re.compile(r"^\d+\.x-")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")


class ProjectHealth(Collector):
    """Collects the signals of all projects of the registry in force.

    `now` tells the time (unix seconds). Until a project has reported, its silence
    is counted from the server's start, which is now.
    """

    def __init__(self, registry: CurrentRegistry, now: Callable[[], float]) -> None:
        self._registry = registry
        self._now = now
        self._began = self._hour = _hour(now())
        self._weeks: Sequence[PublishedWeek] = ()
        self._last: dict[str, float] = {}
        self._understood: Counter[tuple[str, str]] = Counter()
        self._since: Counter[tuple[str, str]] = Counter()
        """What came in this hour, and is told in the next."""
        self._lock = threading.Lock()

    def show(self, weeks: Sequence[PublishedWeek]) -> None:
        """Judge totals and releases by these closed weeks, newest first."""
        self._weeks = weeks

    def understood(self, project: str, how: str, moment: float) -> None:
        """A project's report was understood so far, at this time (unix seconds)."""
        with self._lock:
            self._turn(_hour(moment))
            self._since[project, how] += 1
            if how != "refused":
                self._last[project] = _hour(moment)

    def _turn(self, hour: float) -> None:
        if hour != self._hour:
            self._understood += self._since
            self._since.clear()
            self._hour = hour

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """One family per signal."""
        projects = self._registry.schema.projects
        with self._lock:
            self._turn(_hour(self._now()))
            understood, last = self._understood.copy(), dict(self._last)
        family = CounterMetricFamily(
            "headcount_server_project_reports",
            "Reports of a project since the start, by how much of them was understood; "
            "those of an hour are added at its end.",
            labels=("project", "understood"),
        )
        for name in projects:
            for how in HOWS:
                family.add_metric((name, how), understood[name, how])
        yield family
        yield _per_project(
            "headcount_server_last_report_timestamp_seconds",
            "Hour of the project's last report; of the server's start where none came since.",
            projects,
            lambda name: last.get(name, self._began),
        )
        yield _per_project(
            "headcount_server_unreported_releases",
            "Releases that declarations name (`since`) while no such or later one was published.",
            projects,
            lambda name: len(_unreported(projects[name], self._weeks)),
        )
        yield _per_project(
            "headcount_server_last_week_reports",
            "Published reports of the last closed week.",
            projects,
            lambda name: _reports(self._weeks[0], name) if self._weeks else None,
        )
        yield _per_project(
            "headcount_server_usual_reports",
            f"Median of the published reports of the {HISTORY_WEEKS} closed weeks before the last.",
            projects,
            lambda name: _usual(self._weeks[1 : HISTORY_WEEKS + 1], name),
        )


def _per_project(
    name: str, help_text: str, projects: Iterable[str], value: Callable[[str], float | None]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=("project",))
    for project in projects:
        number = value(project)
        if number is not None:
            family.add_metric((project,), number)
    return family


def _hour(moment: float) -> float:
    return moment - moment % _HOUR


def _published(week: PublishedWeek, project: str) -> PublishedProject | None:
    return next((found for found in week.projects if found.name == project), None)


def _reports(week: PublishedWeek, project: str) -> int:
    found = _published(week, project)
    return found.publication.reports if found else 0


def _usual(weeks: Sequence[PublishedWeek], project: str) -> float | None:
    return median(_reports(week, project) for week in weeks) if weeks else None


def _unreported(project: Project, weeks: Iterable[PublishedWeek]) -> set[tuple[int, ...]]:
    version = project.keys.get(project.version_key)
    if version is None:
        return set()
    declared = {
        parts[: version.declaration.precision]
        for key in project.keys.values()
        if (parts := _parts(key.declaration.since))
    }
    seen = {
        _parts(cell.value)
        for week in weeks
        if (found := _published(week, project.name)) is not None
        for cell in found.publication.values
        if cell.key == project.version_key
    }
    return {release for release in declared if release > max(seen, default=())}


def _parts(release: str) -> tuple[int, ...]:
    """A release as numbers, such as (1, 29); empty where it has none."""
    match = _RELEASE.match(_CORE_PREFIX.sub("", release).removeprefix("v"))
    return tuple(map(int, match[0].split("."))) if match else ()
