"""The server as a process: what a signal, a crash and a clock do to it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.registry.schema import Project
from headcount_server.service.week_cycle import TICK_SECONDS
from headcount_server.week import Week
from support import chance
from support.server_process import ServerProcess

pytestmark = pytest.mark.heavy

Serve = Callable[..., ServerProcess]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEEK = Week.of(NOW)
CLOSED = WEEK.end + timedelta(days=2, seconds=1)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"


def request(toy: Project, token: bytes, php: str = "8.2") -> wire.SubmitReportRequest:
    report: Any = toy.report_class()
    report.php_version.value = php
    submit = wire.SubmitReportRequest(week=str(WEEK), token=token)
    submit.report.Pack(report)
    return submit


def submit(
    address: str, message: wire.SubmitReportRequest, channel: grpc.Channel | None = None
) -> wire.SubmitReportResponse:
    def call(open_channel: grpc.Channel) -> wire.SubmitReportResponse:
        method = open_channel.unary_unary(
            SUBMIT,
            request_serializer=wire.SubmitReportRequest.SerializeToString,
            response_deserializer=wire.SubmitReportResponse.FromString,
        )
        response: wire.SubmitReportResponse = method(message, timeout=10)
        return response

    if channel is not None:
        return call(channel)
    with grpc.insecure_channel(address) as own:
        return call(own)


def test_a_later_time_in_the_test_clock_closes_the_week_within_seconds(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, "--threshold=2", clock=NOW)
    for _ in range(5):
        submit(server.addresses["gRPC"], request(toy, os.urandom(16)))
    assert server.metrics() == ""
    server.set_clock(CLOSED)
    assert TICK_SECONDS <= 1
    text = server.wait_for_metric("headcount_toy_reports 4.0")
    assert 'headcount_toy_php_version_reports{value="8.2"} 4.0' in text


def test_weeks_that_are_overdue_at_the_start_are_closed_before_the_first_answer(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, "--threshold=1", clock=NOW)
    submit(server.addresses["gRPC"], request(toy, os.urandom(16)))
    server.stop()
    server.set_clock(CLOSED + timedelta(weeks=3))
    server.start()
    assert "headcount_toy_reports 1.0" in server.metrics()


def test_killed_under_load_it_loses_no_acknowledged_report_and_counts_none_twice(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, "--threshold=1", clock=NOW)
    reports, moments, kills = Reports(server, toy), chance.of("moments of kills"), 0
    # Some report has to get through, and some kill has to hit one on its way.
    while kills < 6 or not (reports.acknowledged and reports.unknown):
        reports.send_until_killed_after(moments.uniform(0.2, 0.6))
        server.start()
        kills += 1
        assert kills < 60, (len(reports.acknowledged), len(reports.unknown))
    # What was not acknowledged may have been counted; sent again, it counts once.
    # So does what was: a client may have missed the answer.
    retried = sorted(reports.unknown) + sorted(reports.acknowledged)[:200]
    for token in retried:
        submit(server.addresses["gRPC"], request(toy, token))
    server.set_clock(CLOSED)
    distinct = len(reports.acknowledged | reports.unknown)
    server.wait_for_metric(f"headcount_toy_reports {float(distinct)}")
    with sqlite3.connect(server.database) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class Reports:
    """Reports sent by several threads, each with a token of its own."""

    def __init__(self, server: ServerProcess, toy: Project) -> None:
        self.server = server
        self.toy = toy
        self.acknowledged: set[bytes] = set()
        self.unknown: set[bytes] = set()
        self._killed = threading.Event()

    def send_until_killed_after(self, seconds: float) -> None:
        self._killed.clear()
        threads = [threading.Thread(daemon=True, target=self._send) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self._killed.set()
        self.server.kill()
        for thread in threads:
            thread.join()

    def _send(self) -> None:
        with grpc.insecure_channel(self.server.addresses["gRPC"]) as channel:
            while not self._killed.is_set():
                token = os.urandom(16)
                try:
                    submit("", request(self.toy, token), channel)
                except grpc.RpcError:
                    self.unknown.add(token)
                else:
                    self.acknowledged.add(token)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(
    serve: Serve, toy_registry: Path, toy: Project, number: int
) -> None:
    server = serve(toy_registry, clock=NOW)
    submit(server.addresses["gRPC"], request(toy, os.urandom(16)))
    assert server.stop(number) == 0
    log = server.database.with_name("headcount.db-wal")
    assert not log.exists() or log.stat().st_size == 0
    assert "Traceback" not in server.errors()


def test_nothing_in_its_logs_names_a_peer_a_token_or_a_value(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, clock=NOW)
    token = bytes.fromhex("c0ffee" * 5 + "42")
    submit(server.addresses["gRPC"], request(toy, token, php="77.31"))
    with pytest.raises(grpc.RpcError):
        submit(server.addresses["gRPC"], request(toy, token, php="canary-value"))
    server.stop()
    output = server.errors() + (server.directory / "stdout").read_text(encoding="utf-8")
    assert not [word for word in ("77.31", "canary", "c0ffee", "peer", "ipv4") if word in output]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--registry=missing.binpb"], "missing.binpb: No such file or directory; make it with"),
        (["--grpc=nonsense"], "--grpc nonsense: not an address; write HOST:PORT"),
        (["--grpc=0.0.0.0:0"], "unencrypted"),
        (["--threshold=0"], "--threshold 0: outside 1 to 1000"),
        (["--grace-hours=200"], "--grace-hours 200: outside 0 to 167"),
        (["--operations=0.0.0.0:0", "--test-clock={clock}"], "--test-clock is for tests on loop"),
        (["--test-clock=missing"], "--test-clock missing: [Errno 2]"),
        (["--database=/nowhere/x.db"], "/nowhere/x.db: No such file or directory"),
    ],
)
def test_a_wrong_flag_is_named_with_the_remedy_and_without_a_traceback(
    toy_registry: Path, tmp_path: Path, flags: list[str], complaint: str
) -> None:
    server = ServerProcess(toy_registry, tmp_path, NOW)
    arguments = [*server.arguments(), *(flag.format(clock=server.clock) for flag in flags)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert complaint in ended.stderr
    assert ended.stderr.startswith("Error: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("door", ["grpc", "public", "operations"])
def test_a_taken_port_is_named_with_its_flag(
    serve: Serve, toy_registry: Path, tmp_path: Path, door: str
) -> None:
    server = serve(toy_registry, clock=NOW)
    taken = server.addresses["gRPC" if door == "grpc" else door]
    arguments = [*server.arguments(), f"--database={tmp_path / 'other.db'}", f"--{door}={taken}"]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert f"Error: --{door} {taken}: " in ended.stderr
    assert "is the port taken?" in ended.stderr


def test_a_second_server_on_the_same_database_is_refused(serve: Serve, toy_registry: Path) -> None:
    server = serve(toy_registry, clock=NOW)
    ended = subprocess.run(
        server.arguments(), capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 1
    assert f"Error: {server.database}: another server has it open" in ended.stderr
