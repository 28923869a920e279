"""A caller that is refused while it is still sending can read why, and send no end of bytes."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import lingering_close
from support.doors import certificate
from support.waiting import PATIENCE, until

LARGE = b"X-Site-Key: s\r\nContent-Length: 2000000\r\n\r\n"
REFUSED = {
    "a body that is too large, by HTTP/1.0": (
        b"POST /post HTTP/1.0\r\n" + LARGE,
        b"413",
        b'{"error":"request: more than 65536 bytes"}',
    ),
    "a body that is too large, on a connection to close": (
        b"POST /post HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + LARGE,
        b"413",
        b'{"error":"request: more than 65536 bytes"}',
    ),
    "headers that are too long": (
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: ",
        b"431",
        b"\r\n\r\nthe headers are longer than 16384 bytes\n",
    ),
    "no HTTP": (b"EHLO a\r\n\r\n", b"400", b"\r\n\r\nInvalid HTTP request received."),
}
PIECE = b"x" * 16_384


@pytest.fixture(name="caller", params=["plain", "TLS"])
def _caller(
    request: pytest.FixtureRequest, config: Config, clock_file: Path, tmp_path: Path
) -> Iterator[socket.socket]:
    """A connection to the public door."""
    key, chain = certificate(tmp_path)
    if request.param == "TLS":
        config = replace(config, tls_certificate=chain, tls_key=key)
    with (
        App(config, FileClock(clock_file)) as app,
        socket.create_connection((app.public.host, app.public.port), PATIENCE) as caller,
    ):
        if request.param == "plain":
            yield caller
        else:
            trust = ssl.create_default_context(cafile=str(chain))
            with trust.wrap_socket(caller, server_hostname="localhost") as secured:
                yield secured


def _send_until_answered(caller: socket.socket) -> None:
    while not select.select([caller], [], [], 0.01)[0]:
        caller.sendall(PIECE)


@pytest.mark.parametrize(("begun", "status", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_caller_that_is_refused_may_send_on_and_reads_why(
    monkeypatch: pytest.MonkeyPatch,
    caller: socket.socket,
    begun: bytes,
    status: bytes,
    reason: bytes,
) -> None:
    monkeypatch.setattr(lingering_close, "LINGER_SECONDS", PATIENCE)
    caller.sendall(begun)
    _send_until_answered(caller)
    for _ in range(16):
        caller.sendall(PIECE)
    answer = b""
    while not answer.endswith(reason):
        answer += (received := caller.recv(4096))
        assert received, answer
    assert answer.startswith(b"HTTP/1.1 " + status + b" ")


def test_a_caller_that_is_refused_and_never_stops_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, caller: socket.socket
) -> None:
    monkeypatch.setattr(lingering_close, "LINGER_SECONDS", 0.3)
    caller.sendall(b"EHLO a\r\n\r\n")
    _send_until_answered(caller)
    until(lambda: _is_hung_up(caller))


def test_a_connection_closes_at_once_if_its_request_is_whole(
    monkeypatch: pytest.MonkeyPatch, caller: socket.socket
) -> None:
    monkeypatch.setattr(lingering_close, "LINGER_SECONDS", 10 * PATIENCE)
    caller.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    while caller.recv(4096):
        pass
    until(lambda: _is_hung_up(caller))


def _is_hung_up(caller: socket.socket) -> bool:
    try:
        caller.sendall(PIECE)
    except OSError:
        return True
    return False
