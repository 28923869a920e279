"""Callers that dribble, stall or only knock, on every port: others are served all the same."""

from __future__ import annotations

import http.client
import io
import itertools
import logging
import os
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import logs
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import grpc_server
from headcount_server.registry.schema import Project
from support import http2_frames as h2
from support.doors import certificate
from support.server_process import ServerProcess
from support.store_files import rows
from support.waiting import until

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
DRIBBLERS = 60
"""Connections that dribble at once, on each port."""
SECONDS = float(os.environ.get("HEADCOUNT_ABUSE_SECONDS", "0.25"))
FILES = 256
"""Descriptors that a server has in the test of too many connections."""

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
HTTP = (
    b"POST /post HTTP/1.1\r\nHost: a\r\nX-Site-Key: s\r\nContent-Length: 60000\r\n\r\n" + b" " * 999
)
GRPC = (
    h2.PREFACE
    + h2.settings()
    + h2.frame(h2.HEADERS, h2.END_HEADERS, 1, h2.headers("SubmitReport"))
    + h2.frame(h2.DATA, 0, 1, bytes(999))
)


@dataclass(frozen=True)
class Slow:
    """What a slow caller says, beginning with some of it at once."""

    port: str
    said: bytes
    at_once: int


SLOW = {
    "the request line over HTTP": Slow("public", HTTP, 0),
    "the headers over HTTP": Slow("public", HTTP, 30),
    "the body over HTTP": Slow("public", HTTP, HTTP.index(b"\r\n\r\n") + 4),
    "the headers of operations": Slow("operations", HTTP, 30),
    "the preface over gRPC": Slow("gRPC", GRPC, 0),
    "the settings over gRPC": Slow("gRPC", GRPC, len(h2.PREFACE)),
    "the headers over gRPC": Slow("gRPC", GRPC, len(h2.PREFACE) + 10),
    "the message over gRPC": Slow("gRPC", GRPC, len(GRPC) - 999),
}

Serve = Callable[..., ServerProcess]


class Callers:
    """Well-meant callers of a server over both doors, and the reports that were acknowledged."""

    def __init__(self, server: ServerProcess, toy: Project, trust: bytes | None = None) -> None:
        self._server = server
        self._report: Any = toy.report_class(php_version={"value": "8.2"})
        self._trust = trust
        self._numbers = itertools.count(1)
        self.acknowledged = 0

    def report(self) -> None:
        """One report over each door."""
        self._over_grpc(self._request())
        self._over_http(self._request())
        self.acknowledged += 2

    def _request(self) -> bytes:
        request = wire.SubmitReportRequest(week="2026-W47", token=next(self._numbers).to_bytes(16))
        request.report.Pack(self._report)
        return request.SerializeToString()

    def _over_grpc(self, request: bytes) -> None:
        address = self._server.addresses["gRPC"]
        options = [("grpc.use_local_subchannel_pool", 1)]
        if self._trust is None:
            channel = grpc.insecure_channel(address, options)
        else:
            options.append(("grpc.ssl_target_name_override", "localhost"))  # type: ignore[arg-type] # a text
            channel = grpc.secure_channel(
                address, grpc.ssl_channel_credentials(self._trust), options
            )
        with channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
            assert call(request, timeout=10)

    def _over_http(self, request: bytes) -> None:
        host, _, port = self._server.addresses["public"].rpartition(":")
        made: http.client.HTTPConnection
        if self._trust is None:
            made = http.client.HTTPConnection(host, int(port), timeout=10)
        else:
            context = ssl.create_default_context(cadata=self._trust.decode())
            context.check_hostname = False
            made = http.client.HTTPSConnection(host, int(port), timeout=10, context=context)
        with closing(made) as connection:
            connection.request("POST", SUBMIT, request, {"Content-Type": "application/proto"})
            response = connection.getresponse()
            assert response.status == 200, response.read()


@pytest.fixture(name="server", scope="module")
def _server(
    tmp_path_factory: pytest.TempPathFactory, toy_registry: Path
) -> Iterator[ServerProcess]:
    server = ServerProcess(toy_registry, tmp_path_factory.mktemp("server"), NOW)
    server.start()
    yield server
    with suppress(OSError):
        server.kill()


@pytest.fixture(name="callers", scope="module")
def _callers(server: ServerProcess, toy: Project) -> Callers:
    return Callers(server, toy)


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _dribble(connections: list[socket.socket], said: bytes, over: threading.Event) -> None:
    """A byte to each connection, again and again."""
    for at in range(len(said)):
        for connection in connections:
            with suppress(OSError):
                connection.send(said[at : at + 1])
        if over.wait(0.05):
            return


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW)
def test_dribblers_hold_nobody_up(server: ServerProcess, callers: Callers, slow: Slow) -> None:
    with ExitStack() as stack:
        connections = []
        for _ in range(DRIBBLERS):
            place = _place(server.addresses[slow.port])
            connection = stack.enter_context(socket.create_connection(place, timeout=5))
            connection.sendall(slow.said[: slow.at_once])
            connections.append(connection)
        over = threading.Event()
        dribbling = threading.Thread(
            target=_dribble, args=(connections, slow.said[slow.at_once :], over), daemon=True
        )
        dribbling.start()
        try:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                callers.report()
                assert server.metrics("operations")
        finally:
            over.set()
            dribbling.join()


def test_after_all_dribblers_what_was_acknowledged_is_there(
    server: ServerProcess, callers: Callers
) -> None:
    assert callers.acknowledged
    assert server.stop() == 0
    held = rows(server.database, "SELECT reports FROM open_reports")
    assert held == [(callers.acknowledged,)]
    assert '"error"' not in server.errors()


@pytest.mark.parametrize("said", [b"", HELLO], ids=["nothing", "half a hello"])
def test_stalled_handshakes_hold_nobody_up(
    serve: Serve, toy_registry: Path, toy: Project, tmp_path: Path, said: bytes
) -> None:
    key, chain = certificate(tmp_path)
    server = serve(
        toy_registry, f"--tls-certificate={chain}", f"--tls-key={key}", "--threshold=1", clock=NOW
    )
    callers = Callers(server, toy, chain.read_bytes())
    with ExitStack() as stack:
        for port in ("gRPC", "public"):
            for _ in range(DRIBBLERS):
                place = _place(server.addresses[port])
                stack.enter_context(socket.create_connection(place, timeout=5)).sendall(said)
        for _ in range(3):
            callers.report()
    assert '"error"' not in server.errors()


def test_more_connections_than_descriptors_are_survived(
    serve: Serve, toy_registry: Path, toy: Project
) -> None:
    """Nobody gets in while they last; what was acknowledged stays, and then all is as before."""
    server = serve(toy_registry, clock=NOW)
    assert server.process is not None
    callers = Callers(server, toy)
    callers.report()
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    files = Path(f"/proc/{server.process.pid}/fd")
    with ExitStack() as stack:
        for port in ("gRPC", "public", "operations"):
            for _ in range(FILES):
                with suppress(OSError):
                    place = _place(server.addresses[port])
                    stack.enter_context(socket.create_connection(place, timeout=0.5))
        # The last one comes and goes: it is looked with at who holds the others.
        until(lambda: len(list(files.iterdir())) >= FILES - 1)
        assert server.process.poll() is None

    def reported() -> bool:
        with suppress(OSError, grpc.RpcError, http.client.HTTPException):
            callers.report()
            return True
        return False

    until(reported)
    assert server.stop() == 0
    (held,) = rows(server.database, "SELECT reports FROM open_reports")
    assert callers.acknowledged <= int(str(held[0])) <= callers.acknowledged + 200
    assert len(server.errors()) < 30_000  # it were 15 MB in eight seconds


def test_a_server_takes_as_many_connections_as_it_is_allowed_to(
    serve: Serve, toy_registry: Path
) -> None:
    """Shells and service managers begin with 1,024 descriptors, of a limit far above."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        server = serve(toy_registry, clock=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.process is not None
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)


def test_a_library_that_says_the_same_again_and_again_is_heard_once() -> None:
    stream = io.StringIO()
    logs.start(stream=stream)
    try:
        library = logging.getLogger("some.library")
        for number in range(5000):
            library.error("callers can make it say this, number %d", number)
        library.error("something else")
        for _ in range(3):
            logging.getLogger("headcount_server.test").error("ours is heard each time")
    finally:
        logging.getLogger().removeHandler(logs._current.pop())
    assert len(stream.getvalue().splitlines()) == 5


@pytest.mark.parametrize("said", [b"", h2.PREFACE[:10]], ids=["nothing", "half a preface"])
def test_a_connection_over_grpc_that_says_nothing_is_closed(
    config: Config, clock_file: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    hasty = [(n, 300 if "handshake" in n else v) for n, v in grpc_server._OPTIONS]
    assert hasty != grpc_server._OPTIONS
    monkeypatch.setattr(grpc_server, "_OPTIONS", hasty)
    with (
        App(config, FileClock(clock_file)) as running,
        socket.create_connection(_place(str(running.grpc)), timeout=8) as caller,
    ):
        caller.sendall(said)
        with suppress(ConnectionError):
            while caller.recv(4096):
                pass
