"""Published totals as Prometheus metrics: one family per key, named after it.

`headcount_backdrop_php_version_reports{value="8.2"}` is the published number of reports in
the last closed week; `…_answers` is the number that answered the key at all. A
cross-tabulated key also has `…_by_version_reports`, whose sum is the former number. Names
and help come from the declarations. There is no week label, because Prometheus keeps the
history. No metric changes between two closes.

The number of series is bounded (see `series_limit`). `headcount_cut_series` and, for each
key, `headcount_cut_values` count the numbers that are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.metrics.series_limit import MAX_SERIES, Series, Shown, shown
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Key, Schema


class PublishedTotals(Collector):
    """Exposes the last closed week; `show` replaces it."""

    def __init__(self, registry: CurrentRegistry) -> None:
        self._registry = registry
        self._week: PublishedWeek | None = None
        self._made: tuple[Schema, PublishedWeek | None, Sequence[GaugeMetricFamily]] | None = None

    def show(self, week: PublishedWeek | None) -> None:
        """Expose this week from now on."""
        self._week = week

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the families of the exposed week, projects and keys in order.

        The families are made when a week closes or the registry changes, not at a scrape.
        """
        known, week, made = self._registry.schema, self._week, self._made
        if made is None or made[0] is not known or made[1] is not week:
            found = [] if week is None else list(families(known, week))
            made = self._made = (known, week, found)
        return made[2]


def registry(totals: PublishedTotals) -> CollectorRegistry:
    """Return a Prometheus registry with the published totals and nothing else."""
    collectors = CollectorRegistry(auto_describe=False)
    collectors.register(totals)
    return collectors


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def families(known: Schema, week: PublishedWeek) -> Iterator[GaugeMetricFamily]:
    """Yield the metrics of a closed week, projects and keys in order."""
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
    yield _own_thresholds(known, week)
    chosen = shown(known.projects, week.projects)
    yield from _cut(chosen)
    for project in chosen.projects:
        declared = known.projects[project.name]
        prefix = f"headcount_{project.name}"
        yield _gauge(
            f"{prefix}_reports",
            f"Installations of {declared.declaration.title or project.name} that reported in the"
            " last closed week.",
            project.reports,
        )
        for series in project.keys:
            yield from _key(prefix, declared.keys[series.key], series)


def _own_thresholds(known: Schema, week: PublishedWeek) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "headcount_key_threshold_reports",
        "The same for the numbers of a key that has a larger one of its own.",
        labels=("project", "key"),
    )
    for project in week.projects:
        keys = known.projects[project.name].keys if project.name in known.projects else {}
        for number, its in project.terms.items():
            if number in keys and its.threshold != week.threshold:
                family.add_metric((project.name, keys[number].name), its.threshold)
    return family


def _cut(chosen: Shown) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "headcount_cut_series",
        f"Published numbers that are not exposed, so that there are at most {MAX_SERIES} series;"
        " pages and data files have them.",
        chosen.cut,
    )
    family = GaugeMetricFamily(
        "headcount_cut_values",
        "Published values of a key, alone and per release, that are not exposed; the most"
        " frequent ones are.",
        labels=("project", "key"),
    )
    for project, key, values in chosen.notices:
        family.add_metric((project, key), values)
    yield family


def _key(prefix: str, key: Key, series: Series) -> Iterator[GaugeMetricFamily]:
    label, description = key.declaration.label or key.name, key.declaration.description
    name = f"{prefix}_{key.name}"
    yield _gauge(f"{name}_answers", f"{label}: reports that answered it.", series.answers)
    total = GaugeMetricFamily(
        f"{name}_reports", f"{label}. {description}".rstrip(), labels=("value",)
    )
    for value, reports in series.values:
        total.add_metric((value,), reports)
    yield total
    if key.crossed:
        by_version = GaugeMetricFamily(
            f"{name}_by_version_reports",
            f"{label}: the same per release. {description}".rstrip(),
            labels=("value", "version"),
        )
        for value, release, reports in series.cells:
            by_version.add_metric((value, release), reports)
        yield by_version
