"""An operator sees on what the server stands: registry, weeks, disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.config import Config
from headcount_server.metrics.gauges import Gauges
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.week import Week
from prometheus_client import CollectorRegistry
from prometheus_client.core import Sample
from prometheus_client.parser import text_string_to_metric_families

Fetch = Callable[..., tuple[str, str]]
At = Callable[[str], None]
W46, W47 = Week(2026, 46), Week(2026, 47)


def _standing(schema: Schema, open_weeks: dict[Week, Terms], *files: Path) -> Gauges:
    return Gauges(CurrentRegistry(schema), lambda: open_weeks, files)


def _samples(standing: Gauges) -> dict[str, Sample]:
    return {
        sample.name.removeprefix("headcount_server_"): sample
        for family in standing.collect()
        for sample in family.samples
    }


def _scraped(fetch: Fetch, app: App) -> dict[str, float]:
    _, body = fetch(app.operations)
    return {
        sample.name.removeprefix("headcount_server_"): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def test_the_registry_in_force_is_named_by_project_and_digest(toy_schema: Schema) -> None:
    sample = _samples(_standing(toy_schema, {}))["registry_info"]
    assert (sample.labels, sample.value) == ({"project": "toy", "digest": "d1"}, 1)


def test_the_close_that_comes_next_is_the_one_of_the_oldest_open_week(toy_schema: Schema) -> None:
    closes = [datetime(2026, 11, day, tzinfo=UTC) for day in (18, 25)]
    open_weeks = {week: Terms(5, when) for week, when in zip((W46, W47), closes, strict=True)}
    samples = _samples(_standing(toy_schema, open_weeks))
    assert samples["close_due_timestamp_seconds"].value == closes[0].timestamp()


def test_what_is_not_known_is_left_out_and_no_zero(toy_schema: Schema) -> None:
    assert set(_samples(_standing(toy_schema, {}))) == {"registry_info"}


def test_the_last_closed_week_is_the_newest_of_those_shown(toy_schema: Schema) -> None:
    standing = _standing(toy_schema, {})
    standing.show([PublishedWeek(W47, 5, ()), PublishedWeek(W46, 5, ())])
    name = "closed_week_start_timestamp_seconds"
    assert _samples(standing)[name].value == W47.start.timestamp()
    standing.show([])
    assert name not in _samples(standing)


def test_the_size_of_the_database_counts_its_log_too(toy_schema: Schema, tmp_path: Path) -> None:
    database = tmp_path / "headcount.db"
    standing = _standing(toy_schema, {}, *SqliteDatabase(database).files)
    assert "database_bytes" not in _samples(standing), "there is no file yet"
    database.write_bytes(b"x" * 4096)
    assert _samples(standing)["database_bytes"].value == 4096
    database.with_name("headcount.db-wal").write_bytes(b"x" * 100)
    assert _samples(standing)["database_bytes"].value == 4196


def test_the_room_on_the_disk_is_that_where_the_database_lies(
    toy_schema: Schema, tmp_path: Path
) -> None:
    free = _samples(_standing(toy_schema, {}, tmp_path / "headcount.db"))["disk_free_bytes"].value
    assert free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


def test_a_disk_that_is_gone_costs_its_own_numbers_only(toy_schema: Schema, tmp_path: Path) -> None:
    standing = _standing(toy_schema, {}, tmp_path / "gone" / "headcount.db")
    registry = CollectorRegistry()
    registry.register(standing)
    assert {family.name for family in registry.collect()} == {"headcount_server_registry_info"}


def test_a_server_tells_all_of_it_and_a_close_moves_the_weeks_on(
    running: App, fetch: Fetch, at: At, config: Config
) -> None:
    before = _scraped(fetch, running)
    assert before["close_due_timestamp_seconds"] == datetime(2026, 11, 25, tzinfo=UTC).timestamp()
    assert "closed_week_start_timestamp_seconds" not in before
    assert before["database_bytes"] >= config.database.files[0].stat().st_size > 0
    assert before["disk_free_bytes"] > 0
    assert before["registry_info"] == 1
    at("2026-11-25T00:00:00Z")
    after = _scraped(fetch, running)
    assert after["closed_week_start_timestamp_seconds"] == W47.start.timestamp()
    assert after["close_due_timestamp_seconds"] == datetime(2026, 12, 2, tzinfo=UTC).timestamp()
