"""Networks that lose, hold back and cut: each report counts once, and nobody waits for them."""

from __future__ import annotations

import asyncio
import http.client
import re
import select
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from headcount.transport.grpc_transport import GrpcTransport
from headcount.transport.http_transport import HttpTransport
from headcount.transport.messages import Request
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import grpc_server, request_timeouts
from headcount_server.doors.address import Address
from headcount_server.registry.schema import Project
from support import http2_frames
from support.store_files import rows
from support.waiting import PATIENCE, within

TRANSPORTS: dict[str, Callable[[str], GrpcTransport | HttpTransport]] = {
    "grpc": GrpcTransport,
    "http": HttpTransport,
}


def test_an_answer_over_http_does_not_wait_for_an_acknowledgement_of_its_headers(
    running: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Nagle's algorithm each answer on a connection in use took 40 ms."""
    delays: list[int] = []
    made = request_timeouts.TimedProtocol.connection_made

    def looking(self: request_timeouts.TimedProtocol, transport: asyncio.Transport) -> None:
        accepted: Any = transport.get_extra_info("socket")
        delays.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(self, transport)

    monkeypatch.setattr(request_timeouts.TimedProtocol, "connection_made", looking)
    for address in (running.public, running.operations):
        with closing(http.client.HTTPConnection(address.host, address.port, timeout=9)) as caller:
            caller.request("GET", "/metrics")
            assert caller.getresponse().status == 200
    assert delays == [1, 1]


class Between:
    """A proxy of connections that may lose what the server says, or go silent altogether."""

    def __init__(self, listening: socket.socket, behind: Address) -> None:
        self._listening = listening
        self._behind = behind
        self.port: int = listening.getsockname()[1]
        self.losing = threading.Event()
        """While set, a connection is cut at the first word of the server's own."""
        self.passing = threading.Event()
        """While it is not set, nothing passes either way, and nobody hangs up."""
        self.passing.set()
        self.lost = 0
        self._far: list[socket.socket] = []

    def serve(self) -> None:
        with suppress(OSError):  # closed at the end
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        far = socket.create_connection((self._behind.host, self._behind.port))
        self._far.append(far)
        with near, far, suppress(OSError):
            said = b""
            while True:
                ready, _, _ = select.select([near, far], [], [])
                self.passing.wait()
                for source in ready:
                    data = source.recv(65_536)
                    if not data:
                        return
                    said += data if source is far else b""
                    if self.losing.is_set() and self._answers(said):
                        self.lost += 1
                        return
                    (far if source is near else near).sendall(data)

    @staticmethod
    def _answers(said: bytes) -> bool:
        """Whether these words of a server hold an answer, and not only how it will speak."""
        return b"2026-W47" in said


@contextmanager
def between(behind: Address) -> Iterator[Between]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = Between(listening, behind)
        thread = threading.Thread(target=proxy.serve)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.passing.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_report_whose_answer_is_lost_after_the_commit_is_sent_again_and_counts_once(
    running: App, config: Config, toy: Project, scheme: str
) -> None:
    report = toy.report_class(php_version={"value": "8.2"}).SerializeToString()
    request = Request(
        week="2026-W47", token=b"t" * 16, registry_digest="d1", project="toy", report=report
    )
    door = running.grpc if scheme == "grpc" else running.public
    with between(door) as proxy:
        transport = TRANSPORTS[scheme](f"{scheme}://127.0.0.1:{proxy.port}")
        proxy.losing.set()
        for _ in range(3):
            assert transport.submit(request, PATIENCE).code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        assert proxy.lost >= 3
        assert _outcome(running, "counted") == 1
        proxy.losing.clear()
        assert transport.submit(request, PATIENCE).code == "OK"
    assert _outcome(running, "counted") == 1
    assert _outcome(running, "duplicate") >= 3
    assert rows(config.database.files[0], "SELECT reports FROM open_reports") == [(1,)]


def _outcome(app: App, outcome: str) -> float:
    with urllib.request.urlopen(f"http://{app.operations}/metrics", timeout=10) as response:
        text = response.read().decode()
    found = re.search(rf'reports_total{{outcome="{outcome}"}} (\S+)', text)
    assert found
    return float(found[1])


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_connection_that_falls_silent_costs_its_caller_the_deadline_and_nobody_else_anything(
    running: App, submit: Callable[..., wire.SubmitReportResponse], scheme: str
) -> None:
    """As where a cable is pulled: neither end hears that the other is gone."""
    request = Request(
        week="2026-W47", token=b"s" * 16, registry_digest="d1", project="toy", report=b""
    )
    door = running.grpc if scheme == "grpc" else running.public
    with between(door) as proxy:
        proxy.passing.clear()
        transport = TRANSPORTS[scheme](f"{scheme}://127.0.0.1:{proxy.port}")
        for number in range(3):
            with within(5):  # it is silent for as long as the test lasts
                assert transport.submit(request, 0.5).code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
            assert submit(b"", number).week == "2026-W47"


def test_half_open_connections_are_let_go_of(
    config: Config, clock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers that were there, said something, and are silent from then on."""
    hasty = [(n, 400 if n == "grpc.max_connection_idle_ms" else v) for n, v in grpc_server._OPTIONS]
    assert hasty != grpc_server._OPTIONS
    monkeypatch.setattr(grpc_server, "_OPTIONS", hasty)
    made = request_timeouts.TimedProtocol.connection_made

    def hasten(self: request_timeouts.TimedProtocol, transport: asyncio.Transport) -> None:
        self.timeout_keep_alive = 0.4  # type: ignore[assignment] # seconds
        made(self, transport)

    monkeypatch.setattr(request_timeouts.TimedProtocol, "connection_made", hasten)
    with App(config, FileClock(clock_file)) as app, ExitStack() as stack:
        idle = []
        for address, said in (
            (app.grpc, http2_frames.PREFACE + http2_frames.settings() + http2_frames.call(1)),
            (app.public, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
            (app.operations, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
        ):
            caller = stack.enter_context(socket.create_connection((address.host, address.port)))
            caller.sendall(said)
            caller.settimeout(PATIENCE)
            idle.append(caller)
        for caller in idle:
            with suppress(ConnectionError):
                while caller.recv(65_536):
                    pass
