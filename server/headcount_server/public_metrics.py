"""Published totals as Prometheus metrics: one family per key, named after it.

`headcount_backdrop_php_version_reports{value="8.2"}` is the published number
of reports in the last closed week. Names and help come from the declarations;
there is no week label, since Prometheus keeps the history. Nothing here
changes between two closes.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.schema import Project, Schema
from headcount_server.store import PublishedProject, PublishedWeek


class PublishedTotals(Collector):
    """Exposes the last closed week. `show` replaces what is exposed."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._week: PublishedWeek | None = None

    def show(self, week: PublishedWeek | None) -> None:
        """Expose this week from now on."""
        self._week = week

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Families of the exposed week, projects and keys in order."""
        week = self._week
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
            project = self._schema.projects.get(published.name)
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
    for number, answers in published.publication.answers.items():
        key = project.keys.get(number)
        if key is None:
            continue
        yield _gauge(
            f"{prefix}_{key.name}_answers",
            f"{key.declaration.label or key.name}: reports of {title} that answered it.",
            answers,
        )
        family = GaugeMetricFamily(
            f"{prefix}_{key.name}_reports",
            " ".join(filter(None, (f"{key.declaration.label}:", key.declaration.description))),
            labels=("value", "version") if key.crossed else ("value",),
        )
        for cell, reports in published.publication.values.items():
            if cell.key == number:
                # A key that was cross-tabulated only part of its life has cells of both kinds.
                labels = (cell.value, cell.release) if key.crossed else (cell.value,)
                family.add_metric(labels, reports)
        yield family
