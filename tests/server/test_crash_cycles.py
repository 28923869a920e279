"""Weeks of `kill -9`: what was acknowledged is published once, week after week.

A short form by default. `HEADCOUNT_CYCLES=1000` makes it a soak of so many
kills (`make soak`), which ends early after `HEADCOUNT_SOAK_SECONDS`.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.schema import Project
from headcount_server.week import Week
from server_process import ServerProcess
from store_files import content, held, rows

CYCLES = int(os.environ.get("HEADCOUNT_CYCLES", "5"))
SOAK_SECONDS = float(os.environ.get("HEADCOUNT_SOAK_SECONDS", "3600"))
NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
SENDERS = 6

Serve = Callable[..., ServerProcess]


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


@pytest.mark.timeout(SOAK_SECONDS + 300)
def test_weeks_of_crashes_publish_every_acknowledged_report_once(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, "--threshold=1", "--grace-hours=1", clock=NOW)
    reports = Reports(server, toy)
    chance = random.Random(CYCLES)  # noqa: S311 - any moments will do
    now, kills, began = NOW, 0, time.monotonic()
    while kills < CYCLES and time.monotonic() - began < SOAK_SECONDS:
        week = Week.of(now)
        for _ in range(chance.randrange(1, 4)):
            reports.send(week, chance.uniform(0.05, 0.4))
            server.start()
            kills += 1
        reports.send_again(week)
        # The week is over: the server is killed around its close, then starts again.
        now += timedelta(weeks=1)
        server.set_clock(now)
        time.sleep(chance.uniform(0.0, 1.3))
        server.kill()
        kills += 1
        server.start()
        _check(server, reports)
    assert sum(map(len, reports.acknowledged.values())) > kills, "too few got through"
    print(f"{kills} kills, {len(reports.acknowledged)} weeks, {time.monotonic() - began:.0f} s")  # noqa: T201 - read after a soak


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
