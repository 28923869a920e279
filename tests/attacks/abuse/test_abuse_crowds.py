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
from support.doors import certificate
from support.server_process import ServerProcess
from support.waiting import until

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SILENT = int(os.environ.get("HEADCOUNT_SILENT", "1000"))
"""Connections of the network that says nothing; a door holds 512."""
ATTACKER = "127.0.9.1"
GROWTH = 200 * 1024
"""Most that the server grows by, in KiB."""
KEPT = 16 * 1024
"""Most that it keeps of that once they are gone, in KiB."""

Serve = Callable[..., ServerProcess]


def _place(server: ServerProcess, port: str) -> tuple[str, int]:
    host, _, number = server.addresses[port].rpartition(":")
    return host, int(number)


@contextmanager
def _silent(place: tuple[str, int], said: bytes) -> Iterator[None]:
    """Connections from one network that say no more than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with ExitStack() as stack:
            for _ in range(SILENT):
                made = stack.enter_context(socket.socket())
                made.bind((ATTACKER, 0))
                with suppress(OSError):
                    made.connect(place)
                    made.sendall(said)
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _resident(server: ServerProcess) -> int:
    """Resident memory of a server, in KiB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    (found,) = re.findall(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)
    return int(found)


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


def test_silent_tls_handshakes_of_one_network_shut_no_door_and_give_their_memory_back(
    serve: Serve, toy_registry: Path, tmp_path: Path
) -> None:
    key, chain = certificate(tmp_path)
    server = serve(
        toy_registry, f"--tls-certificate={chain}", f"--tls-key={key}", "--threshold=1", clock=NOW
    )
    trust = ssl.create_default_context(cadata=chain.read_text(encoding="ascii"))
    trust.check_hostname = False
    assert _asks(_place(server, "public"), trust) == 200
    before = _resident(server)
    with _silent(_place(server, "public"), b""):
        for _ in range(10):
            assert _asks(_place(server, "public"), trust) == 200
            assert _asks(_place(server, "operations"), None) == 200
        assert _resident(server) - before < GROWTH
    until(lambda: _resident(server) - before < KEPT, seconds=20)
    assert '"error"' not in server.errors()
