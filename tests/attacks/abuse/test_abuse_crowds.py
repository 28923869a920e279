"""More silent connections from one network than a door holds: other networks are served.

`HEADCOUNT_SILENT=5000` for the long form (`make soak`).
"""

from __future__ import annotations

import http.client
import os
import re
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, StreamEnded, StreamReset
from support import http2_frames as h2
from support.doors import certificate
from support.repository import ROOT
from support.server_process import ServerProcess
from support.waiting import until

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SILENT = int(os.environ.get("HEADCOUNT_SILENT", "1000"))
"""Connections of the network that says nothing; an HTTP door holds 512."""
OVER_GRPC = max(SILENT, 5000)
"""The same over gRPC, which holds 4,096."""
ATTACKER = "127.0.9.1"
GROWTH = 200 * 1024
"""Most that the server grows by, in KiB."""
KEPT, KEPT_BY_GRPC = 16 * 1024, 48 * 1024
"""Most that it keeps of that once they are gone, in KiB."""
PREFACE = h2.PREFACE + h2.settings()
CALL = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/headcount.v1.TelemetryService/GetRegistry"),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
]

Serve = Callable[..., ServerProcess]


def _place(server: ServerProcess, port: str) -> tuple[str, int]:
    host, _, number = server.addresses[port].rpartition(":")
    return host, int(number)


@contextmanager
def _silent(place: tuple[str, int], said: bytes, crowd: int = SILENT) -> Iterator[None]:
    """Connections from one network that say no more than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with ExitStack() as stack:
            for _ in range(crowd):
                made = stack.enter_context(socket.socket())
                made.bind((ATTACKER, 0))
                made.settimeout(0)  # the kernel may leave it without an answer
                made.connect_ex(place)
                with suppress(OSError):
                    made.sendall(said)
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _resident(server: ServerProcess) -> int:
    """Resident memory of a server, in KiB."""
    return _status(server, "VmRSS")


def _status(server: ServerProcess, what: str) -> int:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (found,) = re.findall(rf"^{what}:\s+(\d+)", status, re.MULTILINE)
    return int(found)


def _lives_under_its_unit(server: ServerProcess) -> bool:
    """Whether the server used less than its systemd unit allows: half of the memory, say."""
    unit = (ROOT / "docs" / "operators" / "deploy" / "headcount.service").read_text("utf-8")
    tasks, gib = (
        int(re.findall(rf"^{name}=(\d+)", unit, re.MULTILINE)[0])
        for name in ("TasksMax", "MemoryMax")
    )
    most = _status(server, "VmHWM") * 2
    return most < gib * 1024 * 1024 and _status(server, "Threads") < tasks


def _descriptors(server: ServerProcess) -> int:
    assert server.process is not None
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def _asks(place: tuple[str, int], trust: ssl.SSLContext | None) -> int:
    made: http.client.HTTPConnection = (
        http.client.HTTPConnection(*place, timeout=5)
        if trust is None
        else http.client.HTTPSConnection(*place, timeout=5, context=trust)
    )
    with closing(made) as connection:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        response.read()
        return response.status


def _secured(directory: Path) -> tuple[tuple[str, str], ssl.SSLContext]:
    """Return the flags of a server with a certificate, and what its callers trust."""
    key, chain = certificate(directory)
    trust = ssl.create_default_context(cadata=chain.read_text(encoding="ascii"))
    trust.check_hostname = False
    return (f"--tls-certificate={chain}", f"--tls-key={key}"), trust


def _calls(place: tuple[str, int], source: str, trust: ssl.SSLContext | None) -> None:
    """Make a call over gRPC from an address, as grpcio cannot."""
    http = H2Connection()
    http.initiate_connection()
    stream = http.get_next_available_stream_id()
    http.send_headers(stream, CALL)
    http.send_data(stream, bytes(5), end_stream=True)
    with ExitStack() as stack:
        made = socket.create_connection(place, timeout=10, source_address=(source, 0))
        connection = stack.enter_context(made)
        if trust is not None:
            trust.set_alpn_protocols(["h2"])
            connection = stack.enter_context(trust.wrap_socket(connection))
        connection.sendall(http.data_to_send())
        while True:
            data = connection.recv(65_536)
            assert data, "the server closed the connection"
            for event in http.receive_data(data):
                assert not isinstance(event, StreamReset | ConnectionTerminated)
                if isinstance(event, StreamEnded):
                    return


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half"])
@pytest.mark.parametrize("port", ["public", "operations"])
def test_callers_of_other_networks_are_served_beside_a_silent_one(
    serve: Serve, toy_registry: Path, port: str, said: bytes
) -> None:
    server = serve(toy_registry, clock=NOW)
    with _silent(_place(server, port), said):
        for asked in ("public", "operations") * 10:
            assert _asks(_place(server, asked), None) == 200
    assert '"error"' not in server.errors()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("said", [b"", PREFACE], ids=["nothing", "half"])
def test_callers_of_other_networks_are_served_over_grpc_beside_a_silent_one(
    serve: Serve, toy_registry: Path, tmp_path: Path, said: bytes, *, secure: bool
) -> None:
    flags, trust = _secured(tmp_path) if secure else ((), None)
    server = serve(toy_registry, *flags, clock=NOW)
    place = _place(server, "gRPC")
    for number in range(20):
        _calls(place, f"127.0.{10 + number}.1", trust)
    before = _resident(server)
    with _silent(place, said, OVER_GRPC):
        until(lambda: _descriptors(server) < 1500)  # it has seen them, and sent most away
        for number in range(50):
            _calls(place, f"127.0.{10 + number}.1", trust)
        assert _resident(server) - before < GROWTH
    until(lambda: _resident(server) - before < KEPT_BY_GRPC, seconds=20)
    assert _lives_under_its_unit(server)
    assert '"error"' not in server.errors()


def test_silent_tls_handshakes_of_one_network_shut_no_door_and_give_their_memory_back(
    serve: Serve, toy_registry: Path, tmp_path: Path
) -> None:
    flags, trust = _secured(tmp_path)
    server = serve(toy_registry, *flags, "--threshold=1", clock=NOW)
    assert _asks(_place(server, "public"), trust) == 200
    before = _resident(server)
    with _silent(_place(server, "public"), b""):
        for _ in range(10):
            assert _asks(_place(server, "public"), trust) == 200
            assert _asks(_place(server, "operations"), None) == 200
        assert _resident(server) - before < GROWTH
    until(lambda: _resident(server) - before < KEPT, seconds=20)
    assert '"error"' not in server.errors()
