"""The log tells the operator what happens, and nobody who reported or what."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server import logs
from headcount_server.registry.schema import Project
from support.server_process import ServerProcess

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(name="stream", params=[io.StringIO, Terminal])
def _stream(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    stream: io.StringIO = request.param()
    yield stream
    logs.start()


def test_a_terminal_gets_text_and_anything_else_json(stream: io.StringIO) -> None:
    logs.start("info", stream)
    logging.getLogger("headcount_server.service.week_cycle").info("week %s is closed", "2026-W47")
    (line,) = stream.getvalue().splitlines()
    if stream.isatty():
        assert line.endswith(" INFO week 2026-W47 is closed")
    else:
        fields = json.loads(line)
        assert datetime.fromisoformat(fields.pop("time")).tzinfo is not None
        assert fields == {
            "level": "info",
            "logger": "headcount_server.service.week_cycle",
            "message": "week 2026-W47 is closed",
        }


def test_in_the_background_nobody_waits_for_a_reader_and_what_was_lost_is_told() -> None:
    reading, writing = os.pipe()
    log = logging.getLogger("headcount_server.app")
    with os.fdopen(writing, "w") as stream:
        logs.start("info", stream, background=True)
        for number in range(5 * logs.LINES):
            log.info("line %d %s", number, "x" * 100)
        text = b""
        while b"lines of this log were lost, since nobody read them" not in text:
            text += os.read(reading, 65_536)
        logs.flush(10)
        logs.start()
    os.close(reading)
    lines = [json.loads(line) for line in text.decode().splitlines() if line.startswith("{")]
    assert lines[0]["message"].startswith("line 0 ")


def test_the_level_settles_what_is_worth_a_line(stream: io.StringIO) -> None:
    log = logging.getLogger("headcount_server.service.week_cycle")
    for level, lines in (("error", 1), ("warning", 2), ("info", 3), ("debug", 4)):
        stream.truncate(0)
        stream.seek(0)
        logs.start(level, stream)
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
        assert len(stream.getvalue().splitlines()) == lines


def test_an_exception_is_told_by_type_and_place_and_without_its_words(stream: io.StringIO) -> None:
    logs.start("debug", stream)
    try:
        int("canary 192.0.2.7")
    except ValueError:
        logging.getLogger("headcount_server.app").exception("it failed")
        logging.getLogger("asyncio").exception("task %r failed", "canary")
    text = stream.getvalue()
    assert "ValueError" in text
    assert "test_logs.py" in text
    assert "canary" not in text
    assert "192.0.2.7" not in text


def test_libraries_are_heard_from_warnings_on_without_what_they_fill_in(
    stream: io.StringIO,
) -> None:
    logs.start("debug", stream)
    log = logging.getLogger("uvicorn.error")
    log.setLevel(logging.NOTSET)
    log.info("%s - connected", "192.0.2.7")
    log.warning("%s sent %r\nand more: canary", "192.0.2.7", "canary")
    (line,) = stream.getvalue().splitlines()
    assert "%s sent %r" in line
    assert "canary" not in line


@pytest.mark.parametrize("level", logs.LEVELS)
def test_no_address_and_no_payload_is_in_the_log_of_a_server_at_any_level(
    serve: Callable[..., ServerProcess], toy_registry: Path, toy: Project, level: str
) -> None:
    server = serve(toy_registry, f"--log-level={level}", clock=NOW)
    token = bytes.fromhex("c0ffee" * 5 + "42")
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/headcount.v1.TelemetryService/SubmitReport"
        )
        for text, week in (("77.31", "2026-W47"), ("canary-value", "2026-W47"), ("1", "canary-w")):
            report = toy.report_class(php_version={"value": text}, note={"value": "canary-note"})
            request = wire.SubmitReportRequest(week=week, token=token)
            request.report.Pack(report)
            _call(submit, request.SerializeToString())
        _call(submit, b"\xffcanary")
    _http(server.addresses["public"], b"GET /canary HTTP/1.1\r\nHost: canary\r\n\r\n")
    _http(server.addresses["public"], b"canary nonsense\r\n\r\n")
    body = b'{"canary": "77.31"}'
    _http(
        server.addresses["public"],
        b"POST /post HTTP/1.0\r\nX-Site-Key: c0ffee\r\nX-Forwarded-For: 203.0.113.77\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
    )
    assert server.stop() == 0
    output = server.errors()
    words = ("77.31", "canary", "c0ffee", "peer", "ipv4", "203.0.113")
    assert not [word for word in words if word in output]
    own = {address.rpartition(":")[2] for address in server.addresses.values()}
    lines = [json.loads(line) for line in output.splitlines()]
    assert not [line for line in lines if "127.0.0.1" in json.dumps(line)], own
    if level in {"debug", "info"}:
        assert lines[-1]["message"] == "ended: everything acknowledged is on disk"


def _call(method: grpc.UnaryUnaryMultiCallable[bytes, bytes], request: bytes) -> None:
    with suppress(grpc.RpcError):
        method(request, timeout=10)


def _http(address: str, request: bytes) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.settimeout(10)
        connection.recv(4096)
