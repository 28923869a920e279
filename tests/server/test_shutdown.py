"""SIGTERM: the server says that it leaves, lets callers finish, keeps what it acknowledged."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.registry.schema import Project
from support.server_process import ServerProcess
from support.waiting import PATIENCE, until

Serve = Callable[..., ServerProcess]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"


def _report(toy: Project, token: bytes) -> bytes:
    request = wire.SubmitReportRequest(week="2026-W47", token=token)
    request.report.Pack(toy.report_class(multisite={"value": True}))
    return request.SerializeToString()


def _connect(address: str, receive: int = 0) -> socket.socket:
    host, _, port = address.rpartition(":")
    connection = socket.socket()
    if receive:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    connection.settimeout(10)
    connection.connect((host, int(port)))
    return connection


def _end(server: ServerProcess) -> None:
    """End it in good order; where that is given up, it is 1 that comes back."""
    assert server.stop() == 0, server.errors()


@pytest.fixture(name="never_reads")
def _never_reads() -> Iterator[Callable[[str], None]]:
    """Ask for far more than any buffer holds, and read nothing of it."""
    connections: list[socket.socket] = []

    def never_reads(address: str) -> None:
        connection = _connect(address, receive=1024)
        connections.append(connection)
        connection.settimeout(1)
        request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100
        with pytest.raises(TimeoutError):  # the server reads no more: it waits to be read
            connection.sendall(request * 10_000)

    yield never_reads
    for connection in connections:
        connection.close()


def test_a_caller_that_never_reads_its_answer_does_not_hold_the_end(
    serve: Serve, toy_registry: Path, never_reads: Callable[[str], None]
) -> None:
    server = serve(toy_registry, clock=NOW)
    never_reads(server.addresses["operations"])
    _end(server)
    assert "Traceback" not in server.errors()


def test_a_caller_that_never_ends_its_request_does_not_hold_the_end(
    serve: Serve, toy_registry: Path
) -> None:
    server = serve(toy_registry, clock=NOW)
    path = b"/headcount.v1.TelemetryService/SubmitReport"
    with closing(_connect(server.addresses["public"])) as connection:
        connection.sendall(
            b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n" % path
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")  # it waits for the rest
        connection.sendall(b'{"week":')
        _end(server)


def test_health_says_that_the_server_leaves_before_it_is_gone(
    serve: Serve, toy_registry: Path
) -> None:
    server = serve(toy_registry, clock=NOW)
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=""))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert server.process.wait(PATIENCE) == 0


def test_what_is_acknowledged_while_it_ends_is_kept_and_the_log_is_emptied(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    server = serve(toy_registry, clock=NOW)
    acknowledged: list[bytes] = []

    def send() -> None:
        with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
            submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
            while True:
                token = os.urandom(16)
                try:
                    submit(_report(toy, token), timeout=20)
                except grpc.RpcError:
                    return
                acknowledged.append(token)

    senders = [threading.Thread(daemon=True, target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    until(lambda: len(acknowledged) >= 50)
    _end(server)
    for sender in senders:
        sender.join()
    log = server.database.with_name("headcount.db-wal")
    assert not log.exists() or log.stat().st_size == 0
    with closing(sqlite3.connect(server.database)) as database:
        (tokens,) = database.execute("SELECT count(*) FROM tokens_2026_W47").fetchone()
        (reports,) = database.execute("SELECT reports FROM open_reports").fetchone()
    assert reports == tokens >= len(acknowledged)


def test_an_end_that_hangs_is_given_up_with_a_word_in_the_log() -> None:
    script = (
        "import os, signal, time; from headcount_server import logs;"
        "from headcount_server.commands import lifetime;"
        # The kernel would end it two times the last words later, and must not be first.
        "lifetime.END_SECONDS, lifetime.LAST_WORDS_SECONDS = 0.2, 10; logs.start(background=True)\n"
        "with lifetime.lifetime(int) as life:\n"
        "    os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert "not ended after 0.2 s" in done.stderr
