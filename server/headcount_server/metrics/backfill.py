"""The history of the public metrics, for a Prometheus that was set up late.

Each sample has the time at which a scrape could have seen it: a week's numbers show from
its close to the next close with numbers. Samples are at whole steps since 1970, where
Grafana looks for them if its own step is a multiple.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from headcount_server.metrics.published_totals import families
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Schema

_END = b"# EOF\n"
_Labels = tuple[tuple[str, str], ...]
_Course = Mapping[_Labels, Sequence[tuple[range, float]]]
"""Samples of each series: the seconds since 1970 at which it had a value."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """The samples that are made of a week."""

    grace: timedelta
    """Time from the end of a week to its close."""
    step: timedelta
    until: datetime
    """No sample is later."""
    labels: Mapping[str, str]
    """Labels that each series gets beside its own."""


def history(
    known: Schema, newest_first: Iterable[PublishedWeek], sampling: Sampling
) -> Iterator[bytes]:
    """Yield OpenMetrics, family by family, of all closed weeks that have a number."""
    until = sampling.until
    weeks = [week for week in reversed(list(newest_first)) if week.projects]
    closes = [week.week.end + sampling.grace for week in weeks]
    courses: dict[str, tuple[str, defaultdict[_Labels, list[tuple[range, float]]]]] = {}
    for week, since, following in zip(weeks, closes, [*closes[1:], until], strict=True):
        moments = _moments(since, min(following, until), sampling.step)
        for family in families(known, week):
            _, course = courses.setdefault(family.name, (family.documentation, defaultdict(list)))
            for sample in family.samples:
                course[tuple(sorted(sample.labels.items()))].append((moments, sample.value))
    for name, (help_text, course) in courses.items():
        yield _text(name, help_text, course, sampling.labels)
    yield _END


def _moments(since: datetime, until: datetime, step: timedelta) -> range:
    """Return the seconds since 1970 of the whole steps from one moment up to another."""
    seconds = int(step.total_seconds())
    first = -(-int(since.timestamp()) // seconds) * seconds
    return range(first, int(until.timestamp()), seconds)


def _text(name: str, help_text: str, course: _Course, labels: Mapping[str, str]) -> bytes:
    names = [*labels, *(label for label, _ in next(iter(course), ()))]
    family = GaugeMetricFamily(name, help_text, labels=names)
    for own, values in sorted(course.items()):
        told = [*labels.values(), *(value for _, value in own)]
        for moments, number in values:
            for moment in moments:
                family.add_metric(told, number, timestamp=moment)
    made = CollectorRegistry(auto_describe=False)
    made.register(_One(family))
    text: bytes = generate_latest(made)  # type: ignore[no-untyped-call] # has none
    return text.removesuffix(_END)


class _One(Collector):
    """Exposes one family."""

    def __init__(self, family: GaugeMetricFamily) -> None:
        self._family = family

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return [self._family]
