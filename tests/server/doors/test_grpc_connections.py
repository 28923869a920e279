"""How many connections the gRPC door holds, and how many calls at once each of them may carry."""

from __future__ import annotations

import signal
import socket
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from h2.connection import H2Connection
from h2.events import ResponseReceived, StreamEnded, StreamReset, TrailersReceived
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.doors.rate_limits import Limits
from support.doors import is_open
from support.present import present
from support.repository import REGISTRY
from support.server_process import ServerProcess
from support.waiting import until

HEADERS = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/headcount.v1.TelemetryService/GetRegistry"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
]

HEALTH = "/grpc.health.v1.Health/Check"


def _greeted(connection: socket.socket) -> bool:
    """Whether the other end speaks HTTP/2, rather than close."""
    connection.settimeout(10)
    try:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        return bool(connection.recv(100))
    except ConnectionError:
        return False


def test_connections_beyond_the_bound_are_closed_and_hold_nothing_up(
    config: Config, clock_file: Path
) -> None:
    """Each comes from another network: there is nobody whose place another could take."""
    config = replace(config, limits=Limits(connections=20))
    with App(config, FileClock(clock_file)) as app, ExitStack() as open_ones:

        def come(network: int) -> socket.socket:
            address, source = (app.grpc.host, app.grpc.port), (f"127.0.{network}.1", 0)
            made = socket.create_connection(address, timeout=10, source_address=source)
            return open_ones.enter_context(made)

        def held() -> list[socket.socket]:
            return [connection for connection in come_first if is_open(connection)]

        come_first = [come(network) for network in range(35)]
        until(lambda: len(held()) == 5)
        assert all(_greeted(connection) for connection in held())
        for connection in held()[:2]:
            connection.close()
        until(lambda: _greeted(come(50)))


@dataclass
class Proxy:
    """One connection that carries many calls, some of them at the same time."""

    address: Address
    at_once: int
    ended: int = 0
    refused: int = 0
    _streams: set[int] = field(default_factory=set)

    def call(self, calls: int) -> None:
        """Make so many calls."""
        http = H2Connection()
        http.initiate_connection()
        address = (self.address.host, self.address.port)
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(http.data_to_send())
            self._hear(http, connection.recv(65536))  # the settings, to keep to them
            while self.ended + self.refused < calls:
                done = self.ended + self.refused + len(self._streams)
                room = min(self.at_once, http.remote_settings.max_concurrent_streams)
                for _ in range(min(room - len(self._streams), calls - done)):
                    stream = http.get_next_available_stream_id()
                    http.send_headers(stream, HEADERS)
                    http.send_data(stream, bytes(5), end_stream=True)
                    self._streams.add(stream)
                connection.sendall(http.data_to_send())
                data = connection.recv(65536)
                assert data, "the server closed the connection"
                self._hear(http, data)

    def _hear(self, http: H2Connection, data: bytes) -> None:
        for event in http.receive_data(data):
            if isinstance(event, StreamEnded):
                self.ended += 1
                self._streams.discard(event.stream_id)
            elif isinstance(event, StreamReset):
                self.refused += 1
                self._streams.discard(event.stream_id)
            elif size := getattr(event, "flow_controlled_length", 0):
                http.increment_flow_control_window(size)


def test_a_proxy_that_carries_many_callers_at_once_has_none_of_them_refused(running: App) -> None:
    proxy = Proxy(running.grpc, at_once=32)
    proxy.call(600)
    assert (proxy.ended, proxy.refused) == (600, 0)


def _answers(http: H2Connection, connection: socket.socket, calls: int) -> Counter[str]:
    """Return the number of calls by their status."""
    found: Counter[str] = Counter()
    while found.total() < calls:
        for event in http.receive_data(connection.recv(65536)):
            if isinstance(event, ResponseReceived | TrailersReceived):
                headers = {bytes(name): bytes(value) for name, value in event.headers or ()}
                if b"grpc-status" in headers:
                    found[headers[b"grpc-status"].decode()] += 1
            elif isinstance(event, StreamReset):
                found["reset"] += 1
        connection.sendall(http.data_to_send())
    return found


@pytest.mark.slow
def test_of_calls_that_come_faster_than_they_are_looked_at_none_is_ended_by_lot(
    tmp_path: Path,
) -> None:
    connections, calls = 16, 100
    headers = [(name, HEALTH if name == ":path" else value) for name, value in HEADERS]
    server = ServerProcess(REGISTRY, tmp_path, present())
    server.start()
    host, _, port = server.addresses["gRPC"].rpartition(":")
    with ExitStack() as stack:
        stack.callback(server.stop)
        callers = []
        for network in range(connections):
            connection = stack.enter_context(
                socket.create_connection(
                    (host, int(port)), timeout=60, source_address=(f"127.0.{network}.1", 0)
                )
            )
            http = H2Connection()
            http.initiate_connection()
            connection.sendall(http.data_to_send())
            http.receive_data(connection.recv(65536))
            callers.append((http, connection))
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        for http, connection in callers:
            for stream in range(1, 2 * calls, 2):
                http.send_headers(stream, headers)
                http.send_data(stream, b"\0\0\0\0\0", end_stream=True)
            connection.sendall(http.data_to_send())
        server.process.send_signal(signal.SIGCONT)
        found = sum((_answers(*caller, calls) for caller in callers), Counter[str]())
    assert found.keys() <= {"0", "8"}, found
    assert found["0"] > connections * calls / 2
