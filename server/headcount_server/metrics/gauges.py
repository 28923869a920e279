"""The server's state: its registry, its weeks, its disk; for the operations port.

Every scrape looks up the values, so they are never out of date. None of them says
anything about a report.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.current import CurrentRegistry
from headcount_server.week import Week


class Gauges(Collector):
    """Collects the server's state.

    `open_weeks` returns the open weeks. `files` are the database's files, the main
    one first; there are none if the database is on its own server.
    """

    def __init__(
        self,
        registry: CurrentRegistry,
        open_weeks: Callable[[], Mapping[Week, Terms]],
        files: Sequence[Path],
    ) -> None:
        self._registry = registry
        self._open_weeks = open_weeks
        self._files = files
        self._closed: Week | None = None

    def show(self, weeks: Sequence[PublishedWeek]) -> None:
        """Expose these closed weeks, newest first."""
        self._closed = weeks[0].week if weeks else None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one family per fact; unknown facts are left out."""
        yield self._registry_info()
        if self._closed is not None:
            yield GaugeMetricFamily(
                "headcount_server_closed_week_start_timestamp_seconds",
                "When the last closed week began (Monday 00:00 UTC).",
                value=self._closed.start.timestamp(),
            )
        closes = [terms.closes.timestamp() for terms in self._open_weeks().values()]
        if closes:
            yield GaugeMetricFamily(
                "headcount_server_close_due_timestamp_seconds",
                "When the oldest open week is to be closed and published.",
                value=min(closes),
            )
        if self._files:
            yield from _storage(self._files)

    def _registry_info(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "headcount_server_registry_info",
            "1 for each project of the registry in force, with the digest that it has there.",
            labels=("project", "digest"),
        )
        for name, project in self._registry.schema.projects.items():
            family.add_metric((name, project.declaration.digest), 1)
        return family


def _storage(files: Sequence[Path]) -> Iterator[GaugeMetricFamily]:
    # The log comes and goes, and a disk may be unmounted at any moment.
    with suppress(OSError):
        main, *others = files
        size = main.stat().st_size + sum(file.stat().st_size for file in others if file.exists())
        yield GaugeMetricFamily(
            "headcount_server_database_bytes",
            "Size of the database file and its write-ahead log.",
            value=size,
        )
    with suppress(OSError):
        yield GaugeMetricFamily(
            "headcount_server_disk_free_bytes",
            "Room that is left where the database lies.",
            value=shutil.disk_usage(files[0].parent).free,
        )
