"""Any bytes on the HTTP ports: answered in HTTP or hung up on, never with a fault of ours."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import logging
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.doors import request_timeouts
from headcount_server.doors.address import Address
from headcount_server.doors.request_timeouts import TimedProtocol
from support.fuzzing import Surface, linewise

REQUESTS = Surface(
    Path(__file__).parent / "corpus" / "http",
    linewise(
        (
            b"GET ",
            b"POST ",
            b"HEAD ",
            b"BREW ",
            b"/post",
            b"/metrics",
            b"/toy/",
            b"/headcount.v1.TelemetryService/",
            b"SubmitReport",
            b"HTTP/1.1",
            b"HTTP/1.0",
            b"HTTP/9.9",
            b"\r\n",
            b"\n",
            b"\r",
            b"\0",
            b"\xff",
            b": ",
            b"Content-Length: 0\r\n",
            b"Content-Length: 99999999999999999999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Encoding: gzip\r\n",
            b"Connect-Timeout-Ms: 9999999999\r\n",
            b"Connect-Timeout-Ms: \xb2\r\n",
            b"X-Forwarded-For: [::1]:80, \xe9, 1.2.3.4\r\n",
            b"Host: \r\n",
            b"Connection: close\r\n",
            b"Accept: application/openmetrics-text;version=1.0.0;q=\r\n",
            b"If-None-Match: *\r\n",
            b"If-None-Match: \xff\r\n",
            b"Range: bytes=-1\r\n",
            b"?x=%ff&x=%00",
            b"%2e%2e%2f",
            b"%",
            b"//",
            b"*",
            b"A" * 20_000,
        )
    ),
)
CALLERS = 16
FAULTS = {500, 502}
"""Statuses that would be faults; 501, 503 and 504 have their conditions."""

Submit = Callable[..., wire.SubmitReportResponse]


class _Said(io.BytesIO):
    """Bytes that came from a socket, as `http.client` takes them."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self


def _answers(address: Address, request: bytes) -> bytes:
    """All that comes back before the server hangs up; it has to, within seconds."""
    said = b""
    with socket.create_connection((address.host, address.port), timeout=8) as caller:
        with suppress(OSError):  # it may hang up on what it does not want to read
            caller.sendall(request)
        with suppress(ConnectionError):
            while part := caller.recv(65_536):
                said += part
    return said


def _checked(said: bytes) -> list[int]:
    """The statuses of a series of answers, each of which has to be whole."""
    statuses = []
    rest = _Said(said)
    while rest.tell() < len(said):
        response = http.client.HTTPResponse(rest, method="GET")  # type: ignore[arg-type] # all that it takes of a socket
        rest.close = lambda: None  # type: ignore[method-assign] # more may follow
        response.begin()
        body = response.read()
        statuses.append(response.status)
        assert response.status not in FAULTS, said[:500]
        assert b"Traceback" not in body
        if response.headers.get_content_type() == "application/json":
            json.loads(body)
    return statuses


@pytest.mark.parametrize("path", ["/post", "/nowhere", "/metrics", "/"])
def test_a_body_that_is_no_http_ends_its_request_without_a_word_in_the_log(
    running: App, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It came to an error with a trace each time, so that anybody could fill the log."""
    said = _answers(
        running.public,
        f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Site-Key: s\r\n".encode()
        + b"Transfer-Encoding: chunked\r\n\r\nno chunk\r\n",
    )
    assert _checked(said) == [400]
    assert caplog.text == ""


@pytest.fixture(name="hasty")
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server hangs up soon, so that a test need not wait for it."""
    made = TimedProtocol.connection_made

    def hasten(self: TimedProtocol, transport: asyncio.Transport) -> None:
        self.timeout_keep_alive = 0.05  # type: ignore[assignment] # seconds
        made(self, transport)

    monkeypatch.setattr(TimedProtocol, "connection_made", hasten)
    monkeypatch.setattr(request_timeouts, "HEADER_SECONDS", 0.05)
    monkeypatch.setattr(request_timeouts, "BODY_SECONDS", 0.05)


@pytest.mark.usefixtures("hasty")
def test_any_bytes_are_answered_in_http_or_hung_up_on(
    running: App,
    submit: Submit,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.WARNING)
    statuses: set[int] = set()

    def ask(number: int, request: bytes) -> None:
        address = running.operations if number % 5 == 4 else running.public
        with REQUESTS.keeping(request):
            said = _answers(address, request)
            if not re.search(rb"HEAD|CONNECT", request):  # whose answers have no body
                statuses.update(_checked(said))

    with ThreadPoolExecutor(CALLERS) as callers:
        numbered = enumerate(REQUESTS.inputs(800))
        while batch := list(islice(numbered, 200)):
            for asked in [callers.submit(ask, *each) for each in batch]:
                asked.result()
            assert caplog.text == ""
    assert {200, 400, 404, 405} <= statuses
    monkeypatch.undo()  # a caller that means well may take its time
    assert submit(b"", 1).week == "2026-W47"
    for address in (running.public, running.operations):
        with closing(http.client.HTTPConnection(address.host, address.port, timeout=9)) as caller:
            caller.request("GET", "/metrics")
            assert caller.getresponse().status == 200
