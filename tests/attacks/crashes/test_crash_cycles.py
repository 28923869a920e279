"""Weeks of `kill -9`: what was acknowledged is published once, week after week.

Servers are killed under load, around the close by the clock, and while they
start, which is when a late close and an upgrade of the schema happen.

A short form by default. `HEADCOUNT_CYCLES=1000` makes it a soak of so many
kills (`make soak`), which ends early after `HEADCOUNT_SOAK_SECONDS`.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.errors import StoreError
from headcount_server.registry.schema import Project
from headcount_server.store.sqlite.audit import audit
from headcount_server.store.sqlite.connections import newest
from headcount_server.week import Week
from support import chance
from support.forked_server import ForkedServer, Nursery
from support.older_schema import make_first
from support.server_process import ServerProcess
from support.store_files import content, held, rows

CYCLES = int(os.environ.get("HEADCOUNT_CYCLES", "15"))
SOAK_SECONDS = float(os.environ.get("HEADCOUNT_SOAK_SECONDS", "3600"))
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
SENDERS = 6
CHANCE = chance.of("moments of kills")

Tell = Callable[[str, object], None]


class Reports:
    """Reports of all weeks, each with a token of its own, and what became of them."""

    def __init__(self, server: ServerProcess, toy: Project) -> None:
        self._server = server
        report: Any = toy.report_class()
        report.php_version.value = "8.2"
        self._report = report
        self.acknowledged: defaultdict[Week, set[bytes]] = defaultdict(set)
        self.unknown: defaultdict[Week, set[bytes]] = defaultdict(set)
        self._over = threading.Event()

    def send(self, week: Week, kill_after: float) -> None:
        """Send from several threads until the server is killed."""
        self._over.clear()
        senders = [
            threading.Thread(daemon=True, target=self._send, args=(week,)) for _ in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        time.sleep(kill_after)
        self._over.set()
        self._server.kill()
        for sender in senders:
            sender.join()

    def send_again(self, week: Week) -> None:
        """Retry what was not acknowledged, and some of what was."""
        tokens = [*self.unknown[week], *sorted(self.acknowledged[week])[:20]]
        with grpc.insecure_channel(self._server.addresses["gRPC"]) as channel:
            for token in tokens:
                self._submit(channel, week, token)
        self.acknowledged[week] |= self.unknown.pop(week, set())

    def _send(self, week: Week) -> None:
        with grpc.insecure_channel(self._server.addresses["gRPC"]) as channel:
            while not self._over.is_set():
                token = os.urandom(16)
                try:
                    self._submit(channel, week, token)
                except grpc.RpcError:
                    self.unknown[week].add(token)
                else:
                    self.acknowledged[week].add(token)

    def _submit(self, channel: grpc.Channel, week: Week, token: bytes) -> None:
        request = wire.SubmitReportRequest(week=str(week), token=token)
        request.report.Pack(self._report)
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        call(request.SerializeToString(), timeout=10)


@pytest.fixture(name="nursery")
def _nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.mark.timeout(SOAK_SECONDS + 300)
def test_weeks_of_crashes_publish_every_acknowledged_report_once(
    nursery: Nursery, toy_registry: Path, toy: Project, tmp_path: Path, record_property: Tell
) -> None:
    flags = ("--threshold=1", "--grace-hours=1")
    server = ForkedServer(toy_registry, tmp_path, NOW, flags, nursery=nursery)
    seconds = _start(server)
    reports, now, began = Reports(server, toy), NOW, time.monotonic()
    kills: Counter[str] = Counter()
    while kills.total() < CYCLES and time.monotonic() - began < SOAK_SECONDS:
        week = Week.of(now)
        for _ in range(CHANCE.randrange(1, 4)):
            reports.send(week, CHANCE.uniform(0.02, 0.3))
            kills["under load"] += 1
            kills["at a start"] += _kill_while_it_starts(server, seconds)
            server.start()
        reports.send_again(week)
        # The week is over: the server is killed around its close, then starts again.
        now += timedelta(weeks=1)
        if CHANCE.random() < 0.5:
            server.set_clock(now)
            time.sleep(CHANCE.uniform(0.0, 1.1))
            server.kill()
            kills["around a close"] += 1
        else:
            server.kill()
            server.set_clock(now)
            kills["at a start with a close"] += 1 + _kill_while_it_starts(server, seconds)
        server.start()
        _check(server, reports)
    acknowledged = sum(map(len, reports.acknowledged.values()))
    assert acknowledged > kills.total(), "too few got through"
    record_property("kills", dict(kills))
    record_property("acknowledged reports", acknowledged)
    record_property("weeks", len(reports.acknowledged))


def _start(server: ForkedServer) -> float:
    """Start it; gives how many seconds that took."""
    began = time.monotonic()
    server.start()
    return time.monotonic() - began


def _kill_while_it_starts(server: ForkedServer, seconds: float) -> int:
    """Start and kill it, some times, within the time that a start takes; gives how often."""
    times = CHANCE.randrange(3)
    for _ in range(times):
        server.process = server.launch()
        time.sleep(CHANCE.uniform(0.0, seconds))
        server.kill()
    return times


def test_an_upgrade_that_is_killed_again_and_again_is_done_once(
    nursery: Nursery, toy_registry: Path, tmp_path: Path, record_property: Tell
) -> None:
    """Moments are spread over a whole start, so that some hit the steps of the schema."""
    kills, schemas, seconds = 0, Counter[int](), 0.0
    while kills < max(16, CYCLES // 4) or len(schemas) == 1:
        assert kills < 300 + CYCLES, "no kill came before the upgrade, or none after it"
        directory = tmp_path / str(kills)
        directory.mkdir()
        make_first(directory)
        server = ForkedServer(toy_registry, directory, NOW, nursery=nursery)
        for _ in range(CHANCE.randrange(1, 4)):
            server.process = server.launch()
            time.sleep(CHANCE.uniform(0.0, seconds))
            server.kill()
            kills += 1
            schemas[audit(server.database).schema] += 1
        seconds = _start(server)
        server.kill()
        found = audit(server.database)
        assert (found.schema, found.findings) == (newest(), ())
        published = rows(server.database, "SELECT week, reports FROM published_reports")
        assert published == [("2026-W46", 10)]
        assert rows(server.database, "SELECT reports FROM open_reports") == [(3,)]
    record_property("kills", kills)


def test_a_database_that_a_crash_left_in_the_middle_of_its_making_says_what_to_do(
    tmp_path: Path,
) -> None:
    """A reader cannot finish what a writer began; the server does, at its start."""
    path = tmp_path / "headcount.db"
    make_first(tmp_path)
    program = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA journal_mode=DELETE'); c.execute('PRAGMA cache_size=1');"
        "c.execute('CREATE TABLE t (x)'); c.execute('BEGIN');"
        "[c.execute('INSERT INTO t VALUES (randomblob(2000))') for _ in range(300)];"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(StoreError, match=r"crash left .* start the server on it once"):
        audit(path)


def _check(server: ServerProcess, reports: Reports) -> None:
    """Everything acknowledged is published once; nothing else is left of closed weeks."""
    published = rows(server.database, "SELECT week, reports FROM published_reports")
    expected = {(str(week), len(tokens)) for week, tokens in reports.acknowledged.items() if tokens}
    assert set(published) == expected
    with sqlite3.connect(server.database) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    tables = rows(server.database, "SELECT name FROM sqlite_schema WHERE name GLOB 'tokens_*'")
    assert len(tables) == 1
    keys = [file for file in held(server.database) if file.suffix == ".key"]
    assert len(keys) == 1
    assert len(content(keys)) == 32
