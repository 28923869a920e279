"""How the server stands: its registry, its weeks, its disk; for the operations port.

All of it is looked up when it is asked for, so that nothing here can be out of
date. None of it says anything about a report.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from headcount_server.registry.current import InForce
from headcount_server.store.contract import PublishedWeek, Terms
from headcount_server.store.sqlite.connections import beside
from headcount_server.week import Week

_LOG = "-wal"


class Standing(Collector):
    """Collects what the server stands on.

    `open_weeks` tells which weeks are open; `database` is the file of the
    database, or None where it lies with a server of its own.
    """

    def __init__(
        self,
        registry: InForce,
        open_weeks: Callable[[], Mapping[Week, Terms]],
        database: Path | None,
    ) -> None:
        self._registry = registry
        self._open_weeks = open_weeks
        self._database = database
        self._closed: Week | None = None

    def show(self, weeks: Sequence[PublishedWeek]) -> None:
        """Tell of these closed weeks, newest first."""
        self._closed = weeks[0].week if weeks else None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family per fact; what is not known is left out."""
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
        if self._database is not None:
            yield from _storage(self._database)

    def _registry_info(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "headcount_server_registry_info",
            "1 for each project of the registry in force, with the digest that it has there.",
            labels=("project", "digest"),
        )
        for name, project in self._registry.schema.projects.items():
            family.add_metric((name, project.declaration.digest), 1)
        return family


def _storage(database: Path) -> Iterator[GaugeMetricFamily]:
    # The log comes and goes, and a disk may be taken away while we look.
    with suppress(OSError):
        log = beside(database, _LOG)
        size = database.stat().st_size + (log.stat().st_size if log.exists() else 0)
        yield GaugeMetricFamily(
            "headcount_server_database_bytes",
            "Size of the database file and its write-ahead log.",
            value=size,
        )
    with suppress(OSError):
        yield GaugeMetricFamily(
            "headcount_server_disk_free_bytes",
            "Room that is left where the database lies.",
            value=shutil.disk_usage(database.parent).free,
        )
