"""Published totals as Prometheus metrics: one family per key, named after it.

`headcount_backdrop_php_version_reports{value="8.2"}` is the published number
of reports in the last closed week; `…_answers` the number that answered the
key at all. A key that is cross-tabulated has `…_by_version_reports` too, of
which the former is the sum. Names and help come from the declarations; there
is no week label, since Prometheus keeps the history. Nothing here changes
between two closes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.in_force import InForce
from headcount_server.schema import Key, Project
from headcount_server.store import PublishedProject, PublishedWeek
from headcount_server.tally import Cell


class PublishedTotals(Collector):
    """Exposes the last closed week. `show` replaces what is exposed."""

    def __init__(self, registry: InForce) -> None:
        self._registry = registry
        self._week: PublishedWeek | None = None

    def show(self, week: PublishedWeek | None) -> None:
        """Expose this week from now on."""
        self._week = week

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Families of the exposed week, projects and keys in order."""
        week, projects = self._week, self._registry.schema.projects
        if week is None:
            return
        yield _gauge(
            "headcount_week_start_timestamp_seconds",
            "Beginning of the last closed week (Monday 00:00 UTC).",
            week.week.start.timestamp(),
        )
        yield _gauge(
            "headcount_threshold_reports",
            "Smallest number that is published; every number is rounded down to a multiple of it.",
            week.threshold,
        )
        for published in week.projects:
            project = projects.get(published.name)
            if project is not None:
                yield from _project(project, published)


def registry(totals: PublishedTotals) -> CollectorRegistry:
    """A registry that holds the published totals and nothing else."""
    collectors = CollectorRegistry(auto_describe=False)
    collectors.register(totals)
    return collectors


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def _project(project: Project, published: PublishedProject) -> Iterator[GaugeMetricFamily]:
    prefix = f"headcount_{project.name}"
    title = project.declaration.title or project.name
    yield _gauge(
        f"{prefix}_reports",
        f"Installations of {title} that reported in the last closed week.",
        published.publication.reports,
    )
    cells: defaultdict[int, list[tuple[Cell, int]]] = defaultdict(list)
    for cell, reports in published.publication.values.items():
        cells[cell.key].append((cell, reports))
    for number, answers in published.publication.answers.items():
        if number in project.keys:
            yield from _answers(prefix, project.keys[number], answers)
            yield from _values(prefix, project.keys[number], cells[number])


def _answers(prefix: str, key: Key, answers: int) -> Iterator[GaugeMetricFamily]:
    help_text = f"{key.declaration.label or key.name}: reports that answered it."
    yield _gauge(f"{prefix}_{key.name}_answers", help_text, answers)


def _values(
    prefix: str, key: Key, cells: Iterable[tuple[Cell, int]]
) -> Iterator[GaugeMetricFamily]:
    label, description = key.declaration.label or key.name, key.declaration.description
    margin: Counter[str] = Counter()
    by_version = GaugeMetricFamily(
        f"{prefix}_{key.name}_by_version_reports",
        f"{label}: the same per release. {description}".rstrip(),
        labels=("value", "version"),
    )
    for cell, reports in cells:
        margin[cell.value] += reports
        if cell.release:
            by_version.add_metric((cell.value, cell.release), reports)
    total = GaugeMetricFamily(
        f"{prefix}_{key.name}_reports", f"{label}. {description}".rstrip(), labels=("value",)
    )
    for value, reports in margin.items():
        total.add_metric((value,), reports)
    yield total
    if key.crossed:
        yield by_version
