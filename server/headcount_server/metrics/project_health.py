"""Signs that something is wrong with a project's reports, for the operations port.

They carry the project's name and no answers. Signs about totals and releases come from published
weeks alone. The time of the last report is rounded down to the hour, and counters move on the hour.
Otherwise anybody who keeps the history of this port would have the moment of each report.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Project

HOWS = ("complete", "partial", "refused")
"""How much of a report was understood: all keys, some, or none."""
REASONS = ("unknown", "expired", "malformed", "out_of_bounds", "empty")
"""Reasons why a key is left out of a report."""
HISTORY_WEEKS = 8
"""Number of closed weeks that the last one is compared with."""
USUAL_WEEKS = 4
"""Number of closed weeks with reports before any number is called usual."""
SILENT_FROM = 4
"""Fewest answers in each earlier week of a key that can fall silent, in thresholds."""
RELEASE_WEEKS = 53
"""Number of closed weeks in which a declared release should have been seen."""

_HOUR = 3600
_CORE_PREFIX = re.compile(r"^\d+\.x-")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")


class ProjectHealth(Collector):
    """Collects the signs of all projects of the registry in force.

    `now` returns the time (unix seconds). A project's silence counts from the server's
    start, which is now, until its first report.
    """

    def __init__(self, registry: CurrentRegistry, now: Callable[[], float]) -> None:
        self._registry = registry
        self._now = now
        self._began = _hour(now())
        self._weeks: Sequence[PublishedWeek] = ()
        self._last: dict[str, float] = {}
        self._understood = _Hourly(self._began)
        self._ignored = _Hourly(self._began)
        self._lock = threading.Lock()

    def show(self, weeks: Sequence[PublishedWeek]) -> None:
        """Use these closed weeks, newest first, to judge totals and releases."""
        self._weeks = weeks

    def understood(self, project: str, how: str, moment: float) -> None:
        """Record how much of a project's report was understood, at this unix time."""
        hour = _hour(moment)
        with self._lock:
            self._understood.add((project, how), hour)
            if how != "refused":
                self._last[project] = hour

    def ignored(self, project: str, reason: str) -> None:
        """Record that a key was left out of a project's report, for one of `REASONS`."""
        with self._lock:
            self._ignored.add((project, reason), _hour(self._now()))

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Yield one family per sign."""
        projects = self._registry.schema.projects
        with self._lock:
            hour = _hour(self._now())
            understood, ignored = self._understood.told(hour), self._ignored.told(hour)
            last = dict(self._last)
        yield _counter(
            "headcount_server_project_reports",
            "Reports of a project since the start, by how much of them was understood; "
            "those of an hour are added at its end.",
            ("project", "understood"),
            {(name, how): understood[name, how] for name in projects for how in HOWS},
        )
        yield _counter(
            "headcount_server_ignored_keys",
            "Keys left out of a project's reports since the start, by reason; "
            "those of an hour are added at its end.",
            ("project", "reason"),
            {(name, why): ignored[name, why] for name in projects for why in REASONS},
        )
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
        yield _per_project(
            "headcount_server_silent_keys",
            "Keys that nobody answered in the last closed week, and many in those before.",
            projects,
            lambda name: len(silent(projects[name], self._weeks[: USUAL_WEEKS + 1])),
        )


def _counter(
    name: str, help_text: str, labels: tuple[str, str], counts: Mapping[tuple[str, str], int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, help_text, labels=labels)
    for of, count in counts.items():
        family.add_metric(of, count)
    return family


def _per_project(
    name: str, help_text: str, projects: Iterable[str], value: Callable[[str], float | None]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=("project",))
    for project in projects:
        number = value(project)
        if number is not None:
            family.add_metric((project,), number)
    return family


class _Hourly:
    """A counter that moves on the hour."""

    def __init__(self, hour: float) -> None:
        self._told: Counter[tuple[str, str]] = Counter()
        self._since: Counter[tuple[str, str]] = Counter()
        self._hour = hour

    def add(self, what: tuple[str, str], hour: float) -> None:
        """Count one in this hour."""
        self._turn(hour)
        self._since[what] += 1

    def told(self, hour: float) -> Counter[tuple[str, str]]:
        """Return what was counted before this hour."""
        self._turn(hour)
        return self._told.copy()

    def _turn(self, hour: float) -> None:
        if hour != self._hour:
            self._told += self._since
            self._since.clear()
            self._hour = hour


def _hour(moment: float) -> float:
    return moment - moment % _HOUR


def _published(week: PublishedWeek, project: str) -> PublishedProject | None:
    return next((found for found in week.projects if found.name == project), None)


def _reports(week: PublishedWeek, project: str) -> int:
    found = _published(week, project)
    return found.publication.reports if found else 0


def _usual(weeks: Sequence[PublishedWeek], project: str) -> float | None:
    """Return the median of its reports since the project's first week; None if it is too young."""
    reports = [_reports(week, project) for week in weeks]
    while reports and not reports[-1]:
        reports.pop()  # before the project's first week
    return median(reports) if len(reports) >= USUAL_WEEKS else None


def silent(project: Project, weeks: Sequence[PublishedWeek]) -> list[int]:
    """Return the keys that fell silent in the first of these weeks, which are newest first."""
    if len(weeks) <= USUAL_WEEKS or not _reports(weeks[0], project.name):
        return []
    last, before = weeks[0], weeks[1:]
    end = last.week.end.date().isoformat()
    return [
        number
        for number, key in project.keys.items()
        if not _answers(last, project.name, number)
        and not "" < key.declaration.expires <= end
        and all(
            _answers(week, project.name, number) >= SILENT_FROM * week.threshold for week in before
        )
    ]


def _answers(week: PublishedWeek, project: str, key: int) -> int:
    found = _published(week, project)
    return found.publication.answers.get(key, 0) if found else 0


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
    """Return a release as numbers, such as (1, 29); empty if it has none."""
    match = _RELEASE.match(_CORE_PREFIX.sub("", release).removeprefix("v"))
    return tuple(map(int, match[0].split("."))) if match else ()
