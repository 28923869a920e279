"""A full disk or a read-only database: refused as UNAVAILABLE, told in health, over by itself."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.registry.schema import Project
from headcount_server.store import writer
from headcount_server.store.sqlite.store import SqliteStore
from support.server_process import ServerProcess
from support.waiting import until

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
FULL = 8192
"""Bytes that a file may have: the log fits in, a commit does not."""
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def _report(toy: Project, token: bytes) -> bytes:
    request = wire.SubmitReportRequest(week="2026-W47", token=token)
    request.report.Pack(
        toy.report_class(version={"value": "1.30"}, php_version={"value": "8.2"}, multisite={})
    )
    return request.SerializeToString()


def _submit(address: str, request: bytes) -> grpc.StatusCode:
    with grpc.insecure_channel(address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        try:
            call(request, timeout=15)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def _health(address: str) -> int | None:
    """What the server says of itself; None where it is too busy to say."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            return int(stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status)
        except grpc.RpcError:
            return None


def _fill(server: ServerProcess) -> None:
    assert server.process is not None
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (FULL, resource.RLIM_INFINITY))


def _free(server: ServerProcess) -> None:
    assert server.process is not None
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)


def test_a_disk_that_fills_under_load_and_is_freed_costs_no_acknowledged_report(
    serve: Callable[..., ServerProcess], toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, "--threshold=1", clock=NOW)
    address = server.addresses["gRPC"]
    codes: list[tuple[bytes, grpc.StatusCode]] = []
    done = threading.Event()

    def send() -> None:
        while not done.is_set():
            token = os.urandom(16)
            codes.append((token, _submit(address, _report(toy, token))))

    senders = [threading.Thread(daemon=True, target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    try:
        until(lambda: len(codes) > 20)
        _fill(server)
        until(lambda: codes[-1][1] is grpc.StatusCode.UNAVAILABLE)
        until(lambda: _health(address) == NOT_SERVING)
        assert "headcount_server_writable 0.0" in server.metrics("operations")
        assert server.metrics() == ""  # still answers
        _free(server)
        until(lambda: codes[-1][1] is grpc.StatusCode.OK)
        until(lambda: _health(address) == SERVING)
    finally:
        done.set()
        for sender in senders:
            sender.join()
    assert {code for _, code in codes} == {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    for token, code in codes:
        if code is not grpc.StatusCode.OK:
            assert _submit(address, _report(toy, token)) is grpc.StatusCode.OK
    assert server.stop() == 0
    with closing(sqlite3.connect(server.database)) as database:
        assert database.execute("SELECT reports FROM open_reports").fetchone() == (len(codes),)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    messages = [json.loads(line)["message"] for line in server.errors().splitlines()]
    (lost, *_) = [line for line in messages if line.startswith("reports cannot be kept: disk ")]
    assert messages.index(lost) < messages.index("reports can be kept again")


def test_health_recovers_though_no_report_comes(
    serve: Callable[..., ServerProcess], toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, clock=NOW)
    address = server.addresses["gRPC"]
    _fill(server)
    assert _submit(address, _report(toy, os.urandom(16))) is grpc.StatusCode.UNAVAILABLE
    until(lambda: _health(address) == NOT_SERVING)
    _free(server)
    until(lambda: _health(address) == SERVING)
    assert "headcount_server_writable 1.0" in server.metrics("operations")


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("PRAGMA query_only=ON", "PRAGMA query_only=OFF"),
        ("PRAGMA max_page_count=1", "PRAGMA max_page_count=4294967294"),
    ],
)
def test_a_database_that_sqlite_cannot_write_is_told_and_recovers(
    running: App, toy: Project, fault: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = running.weeks._store
    assert isinstance(store, SqliteStore)
    probe, probed = store.probe, list[bool]()

    def probing() -> bool:
        probed.append(probe())
        return probed[-1]

    monkeypatch.setattr(store, "probe", probing)
    monkeypatch.setattr(writer, "ERASE_SECONDS", 0.1)  # and between two tries

    def pragma(statement: str) -> None:
        running.weeks._writer.run(lambda: store._connection.execute(statement).close())

    address = str(running.grpc)
    assert _health(address) == SERVING
    pragma(fault)
    if "max_page" in fault:  # what fits into the pages that are there goes on
        assert not store.probe()
        until(lambda: _grown(address, toy))
    assert _submit(address, _report(toy, os.urandom(16))) is grpc.StatusCode.UNAVAILABLE
    until(lambda: _health(address) == NOT_SERVING)
    tried = len(probed)
    until(lambda: len(probed) >= tried + 2)  # no report comes, and it tries again
    assert not any(probed)
    assert _health(address) == NOT_SERVING
    pragma(cure)
    until(lambda: _health(address) == SERVING)
    assert _submit(address, _report(toy, os.urandom(16))) is grpc.StatusCode.OK


def _grown(address: str, toy: Project) -> bool:
    codes = [_submit(address, _report(toy, os.urandom(16))) for _ in range(20)]
    return grpc.StatusCode.UNAVAILABLE in codes


def test_a_probe_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "headcount.db")
    names = "SELECT name FROM sqlite_schema ORDER BY name"
    before = store._connection.execute(names).fetchall()
    assert store.probe()
    assert store._connection.execute(names).fetchall() == before
    store._connection.execute("PRAGMA query_only=ON")
    assert not store.probe()
    store.close()
