"""Disks that fail, stall or are slow below SQLite: what is acknowledged is kept, once.

`HEADCOUNT_FAULTS=all` fails every single operation of the disk (`make soak`);
by default it is every few.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.counting import answers
from headcount_server.errors import Unavailable
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import writer
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.faulty_disk import FULL, Disk, faulty_disk
from support.store_files import rows, take_copy
from support.waiting import until

W46, W47 = Week(2026, 46), Week(2026, 47)
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
STEP = 1 if os.environ.get("HEADCOUNT_FAULTS") else 9
REPORTS = 8
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"

Submit = Callable[[int], grpc.StatusCode]


@pytest.fixture(name="disk")
def _disk() -> Iterator[Disk]:
    with faulty_disk() as disk:
        yield disk


@pytest.fixture(name="entries")
def _entries(toy: Project, said: Callable[..., bytes]) -> list[Entry]:
    def entry(number: int, week: Week) -> Entry:
        report = said(note={"value": f"text {number}"}, php_version={"value": "8.2"})
        return Entry(week, toy, number.to_bytes(16), answers.read(toy, report, date(2026, 11, 19)))

    return [entry(number, W47 if number % 2 else W46) for number in range(REPORTS)]


def _opened(path: Path, schema: Schema) -> SqliteStore:
    store = SqliteStore(path)
    for week in (W46, W47):
        store.open_week(week, Terms(1, week.end + timedelta(days=2)), schema)
    return store


def _counted(store: SqliteStore, entries: list[Entry]) -> list[Entry]:
    """Those that were acknowledged."""
    acknowledged = []
    for entry in entries:
        try:
            store.count([entry])
        except Unavailable:
            continue
        acknowledged.append(entry)
    return acknowledged


def _close(store: SqliteStore) -> None:
    try:
        store.close_week(W46, NOW)
    except Exception:  # noqa: BLE001 - whatever it is, the week is closed at the next turn
        return
    store.wipe_leftovers()


@pytest.mark.usefixtures("copies_run")
@pytest.mark.parametrize("error", [0, FULL], ids=["i/o error", "disk full"])
@pytest.mark.parametrize("times", [1, 3])
def test_whichever_operation_of_the_disk_fails_no_acknowledged_report_is_lost_or_counted_twice(  # noqa: PLR0913 - fixtures and cases
    disk: Disk, entries: list[Entry], toy_schema: Schema, tmp_path: Path, times: int, error: int
) -> None:
    at, failed = 1, 0
    while True:
        place = tmp_path / f"{at}"
        place.mkdir()
        store = _opened(place / "headcount.db", toy_schema)
        disk.fail_from(at, times=times, error=error)
        before = disk.operations
        acknowledged = _counted(store, entries)
        _close(store)
        over = disk.operations - before < at
        disk.well()
        failed += len(acknowledged) < len(entries)
        _check_copy(take_copy(place / "headcount.db", place / "copy"), acknowledged)
        open_weeks = store.open_weeks()
        again = [entry for entry in entries if entry.week in open_weeks]
        outcomes = store.count(again)
        for entry, outcome in zip(again, outcomes, strict=True):
            assert outcome is Outcome.DUPLICATE or entry not in acknowledged
        if W46 in open_weeks:
            store.close_week(W46, NOW)
        assert store.wipe_leftovers()
        (week,) = store.published(None, None, 9)
        in_46 = [entry for entry in acknowledged if entry.week == W46]
        published = week.projects[0].publication.reports if week.projects else 0
        assert len(in_46) <= published <= REPORTS // 2
        assert rows(place / "headcount.db", "SELECT reports FROM open_reports") == [(REPORTS // 2,)]
        assert rows(place / "headcount.db", "PRAGMA integrity_check") == [("ok",)]
        store.close()
        if over:
            break
        at += STEP
    assert at > 30
    assert failed > 1


def _check_copy(path: Path, acknowledged: list[Entry]) -> None:
    """What stands on the disk the moment after holds all that was acknowledged."""
    store = SqliteStore(path)
    still_open = store.open_weeks()
    outcomes = store.count([entry for entry in acknowledged if entry.week in still_open])
    assert set(outcomes) <= {Outcome.DUPLICATE}
    store.close()


@pytest.fixture(name="app")
def _app(disk: Disk, config: Config, clock_file: Path) -> Iterator[App]:
    assert disk
    with App(config, FileClock(clock_file)) as app:
        yield app
        disk.well()


@pytest.fixture(name="send")
def _send(app: App, said: Callable[..., bytes]) -> Iterator[Submit]:
    """Send the report of a number; return the code of its answer."""
    with grpc.insecure_channel(str(app.grpc)) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)

        def send(number: int) -> grpc.StatusCode:
            request = wire.SubmitReportRequest(week="2026-W47", token=number.to_bytes(16))
            request.report.type_url = "x/headcount.projects.toy.v1.Report"
            request.report.value = said(php_version={"value": "8.2"})
            try:
                call(request.SerializeToString(), timeout=30)
            except grpc.RpcError as error:
                return error.code()
            return grpc.StatusCode.OK

        yield send


def _reports(config: Config) -> int:
    held = rows(config.database.files[0], "SELECT reports FROM open_reports")
    return int(str(held[0][0])) if held else 0


def test_a_disk_that_cannot_sync_is_unavailable_and_well_again_by_itself(
    disk: Disk, send: Submit, config: Config
) -> None:
    assert send(1) is grpc.StatusCode.OK
    disk.fail_from(1, times=10**9)
    assert {send(number) for number in range(2, 6)} == {grpc.StatusCode.UNAVAILABLE}
    disk.well()
    assert {send(number) for number in range(1, 6)} == {grpc.StatusCode.OK}
    assert _reports(config) == 5


def test_on_a_slow_disk_many_reports_share_a_sync(disk: Disk, send: Submit, config: Config) -> None:
    seconds, reports = 0.05, 200
    assert send(0) is grpc.StatusCode.OK
    disk.slow(seconds)
    before = disk.syncs
    with ThreadPoolExecutor(32) as senders:
        codes = Counter(senders.map(send, range(1, reports)))
    assert codes == {grpc.StatusCode.OK: reports - 1}
    assert disk.syncs - before < reports / 2
    disk.well()
    assert _reports(config) == reports


def test_a_writer_that_stands_still_pushes_back_and_fills_no_memory(
    disk: Disk, send: Submit, config: Config, monkeypatch: pytest.MonkeyPatch, app: App
) -> None:
    assert send(0) is grpc.StatusCode.OK
    patience = writer.ANSWER_SECONDS
    monkeypatch.setattr(writer, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(writer, "QUEUE_LIMIT", 64)
    moving = threading.Event()

    def stand_still(operation: str) -> int:
        if operation in {"sync", "write"}:
            moving.wait()
        return 0

    disk.decide = stand_still
    try:
        with ThreadPoolExecutor(64) as senders:
            codes = Counter(senders.map(send, range(1, 400)))
        assert set(codes) == {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
        waiting = app.weeks._writer.waiting()
        assert waiting <= 64 + 32  # the limit, and those that passed it at once
    finally:
        moving.set()
    disk.well()
    monkeypatch.setattr(writer, "ANSWER_SECONDS", patience)
    until(lambda: send(0) is grpc.StatusCode.OK)
    with ThreadPoolExecutor(16) as senders:
        assert set(senders.map(send, range(1, 400))) == {grpc.StatusCode.OK}
    assert _reports(config) == 400
