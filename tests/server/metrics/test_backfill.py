"""A Prometheus that was set up late gets the history of the public metrics."""

from __future__ import annotations

import re
import shlex
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from headcount_server.metrics import backfill
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support import prometheus
from support.repository import ROOT
from support.server_process import installed
from support.toy_weeks import W45, W46, command, database_at, lived

GRACE, STEP = timedelta(days=2), timedelta(hours=6)


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


Found = dict[str, list[tuple[float, float]]]


def _samples(database: Path, known: Schema, until: datetime) -> Found:
    """Moment and value of the samples without labels of their own, by name."""
    weeks = every_week(database_at(database))
    sampling = backfill.Sampling(GRACE, STEP, until, {"job": "late"})
    text = b"".join(backfill.history(known, weeks, sampling))
    found: Found = {}
    for family in text_string_to_metric_families(text.decode()):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            assert sample.labels.pop("job") == "late"
            if not sample.labels:
                found.setdefault(sample.name, []).append((float(sample.timestamp), sample.value))
    return found


def test_a_week_shows_from_its_close_to_the_next_one(database: Path, toy_schema: Schema) -> None:
    first, second = W45.end + GRACE, W46.end + GRACE
    found = _samples(database, toy_schema, second + timedelta(days=1))
    reports = found["headcount_toy_reports"]
    begins = [first + STEP * number for number in range(7 * 4 + 4)]
    assert [moment for moment, _ in reports] == [each.timestamp() for each in begins]
    assert [value for _, value in reports] == [10.0] * 28 + [20.0] * 4
    starts = {value for _, value in found["headcount_week_start_timestamp_seconds"]}
    assert starts == {W45.start.timestamp(), W46.start.timestamp()}


def test_no_sample_is_of_a_time_to_come(database: Path, toy_schema: Schema) -> None:
    until = W45.end + GRACE + timedelta(hours=7)
    reports = _samples(database, toy_schema, until)["headcount_toy_reports"]
    assert [value for _, value in reports] == [10.0, 10.0]


@pytest.mark.slow
def test_prometheus_answers_for_weeks_before_it_was_set_up(
    database: Path, toy_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the commands of the guide."""
    text = (ROOT / "docs" / "operators" / "metrics.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sh\n(headcount-server export .*?)```", text, re.DOTALL)
    data = tmp_path / "data"
    places = {"registry.binpb": toy_registry, "/var/lib/prometheus": data}
    export, make = (
        [str(places.get(word, word)) for word in shlex.split(line)] for line in block.splitlines()
    )
    monkeypatch.chdir(tmp_path)
    result = command(*export[1:])
    assert result.exit_code == 0, result.output
    again = command(*export[1:])
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    subprocess.run([installed(make[0]), *make[1:]], check=True, capture_output=True, timeout=200)
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {}", encoding="utf-8")
    kept = "--storage.tsdb.retention.time=100y"
    assert database == tmp_path / "headcount.db"
    with prometheus.running(config, data, kept) as server:
        for query, value in {
            'headcount_toy_reports{job="headcount"}': "10",
            'headcount_toy_php_version_reports{value="8.2"}': "5",
        }.items():
            moment = (W45.end + GRACE + STEP).timestamp()
            (series,) = server.api("query", query=query, time=str(moment))["result"]
            assert series["value"][1] == value


@pytest.mark.parametrize("label", ["job", "1=x", "__name__=x", "le=1"])
def test_what_is_no_label_is_refused(
    database: Path, toy_registry: Path, tmp_path: Path, label: str
) -> None:
    flags = ("--database", database, "--registry", toy_registry, "--format=openmetrics")
    result = command("export", *flags, f"--label={label}", tmp_path / "history.om")
    assert result.exit_code == 1
    assert f"--label {label}: give a label and its value" in result.output
    assert not (tmp_path / "history.om").exists()
