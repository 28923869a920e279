"""Callers that begin and say nothing hold nobody else up, over gRPC and over HTTP."""

from __future__ import annotations

import http.client
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from unittest.mock import create_autospec

import grpc
import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import (
    grpc_server,
    health,
    request_timeouts,
    silent_calls,
)
from headcount_server.doors.address import Address
from headcount_server.doors.rate_limits import Limits
from support.waiting import PATIENCE, until

SERVICE = "/headcount.v1.TelemetryService"
SILENT_METHODS = [
    f"{SERVICE}/SubmitReport",
    f"{SERVICE}/GetStatistics",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
]

Call = Callable[[str, bytes], bytes]


class Silence:
    """Calls that are open and say nothing until the test is over."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._over = threading.Event()
        self._open = ExitStack()
        self._kept: list[grpc.Future[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._open.close()

    def call(self, method: str, calls: int) -> list[grpc.Future[bytes]]:
        options = [("grpc.use_local_subchannel_pool", 1)]
        channel = self._open.enter_context(grpc.insecure_channel(str(self._address), options))
        stream: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(method)
        begun: list[grpc.Future[bytes]] = [
            stream.future(self._nothing(), timeout=60) for _ in range(calls)
        ]
        self._kept += begun  # one that nobody holds is cancelled
        return begun

    def _nothing(self) -> Iterator[bytes]:
        self._over.wait()
        yield from ()


@pytest.fixture(name="begun")
def _begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with each call whose message the server waits for."""
    begun: list[str] = []
    wait = silent_calls.SilentCalls.next

    def counting(self: silent_calls.SilentCalls, messages: Any, context: Any) -> Any:  # noqa: ANN401 - of any call
        begun.append("a call")
        return wait(self, messages, context)

    monkeypatch.setattr(silent_calls.SilentCalls, "next", counting)
    return begun


@pytest.mark.parametrize("method", SILENT_METHODS)
def test_silent_calls_on_many_connections_hold_nobody_else_up(
    running: App, call: Call, method: str, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silent_calls, "SILENT_SECONDS", 2 * PATIENCE)  # longer than any call
    with Silence(running.grpc) as silence:
        for _ in range(8):
            silence.call(method, 16)
        threads = health.WATCHES if method.endswith("Watch") else grpc_server.THREADS
        until(lambda: len(begun) >= threads)  # so that all that can be held are
        for _ in range(20):
            assert call("GetRegistry", b"")
    assert grpc_server.CROWD < grpc_server.THREADS


def test_a_call_that_stays_silent_is_ended_after_some_seconds(
    running: App, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silent_calls, "SILENT_SECONDS", 0.2)
    with Silence(running.grpc) as silence:
        (silent,) = silence.call(f"{SERVICE}/SubmitReport", 1)
        with pytest.raises(grpc.RpcError) as caught:
            silent.result()
        assert caught.value.code() is grpc.StatusCode.CANCELLED
    monkeypatch.setattr(silent_calls, "SILENT_SECONDS", 2 * PATIENCE)
    assert call("GetRegistry", b"")


@pytest.mark.parametrize(
    ("busy", "pause", "seconds"),
    [
        (0.0, 0.01, silent_calls.CROWDED_SECONDS),
        (0.5, 0.01, 2 * silent_calls.CROWDED_SECONDS),
        (1.0, 0.01, silent_calls.SILENT_SECONDS),
        (0.0, 0.5, 2.5),
    ],
    ids=["idle", "half busy", "busy", "waiting for a processor"],
)
def test_nobody_is_ended_early_for_a_message_that_a_busy_server_reads_late(
    busy: float, pause: float, seconds: float
) -> None:
    now = 0.0
    calls = silent_calls.SilentCalls(2, lambda: now, lambda: now * busy)
    waiting, over = threading.Semaphore(0), threading.Event()

    def nothing() -> Iterator[bytes]:
        waiting.release()
        over.wait(PATIENCE)
        yield from ()

    contexts = [create_autospec(grpc.ServicerContext, instance=True) for _ in range(2)]
    threads = [threading.Thread(target=calls.next, args=(nothing(), each)) for each in contexts]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=PATIENCE)
    while not any(each.cancel.called for each in contexts):
        now += pause
        calls.look()
    assert all(each.cancel.called for each in contexts)
    assert now == pytest.approx(seconds, abs=0.03)
    over.set()
    for thread in threads:
        thread.join()


def test_a_call_of_each_connection_may_be_in_work_however_few_calls_may_be(
    config: Config, clock_file: Path, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silent_calls, "SILENT_SECONDS", 2 * PATIENCE)
    monkeypatch.setattr(grpc_server, "MAX_CALLS", 4)
    config = replace(config, limits=Limits(connections=64))
    with App(config, FileClock(clock_file)) as app, Silence(app.grpc) as silence:
        calls = silence.call(SILENT_METHODS[0], 12)
        until(lambda: len(begun) == len(calls) or any(call.done() for call in calls))
        assert not any(call.done() for call in calls)


def test_a_call_that_ends_without_a_message_is_told_so(channel: grpc.Channel) -> None:
    stream: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(
        f"{SERVICE}/SubmitReport"
    )
    with pytest.raises(grpc.RpcError) as caught:
        stream(iter(()), timeout=10)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_those_who_watch_health_are_few_and_hold_nobody_up_though_they_do_not_read(
    running: App, call: Call
) -> None:
    with ExitStack() as stack:
        codes, kept = [], []  # a stream that nobody holds is cancelled
        for _ in range(3):
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = stack.enter_context(grpc.insecure_channel(str(running.grpc), options))
            watch: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
                "/grpc.health.v1.Health/Watch"
            )
            streams = [watch(b"", timeout=30) for _ in range(4)]
            kept.append(streams)
            for stream in streams:
                try:
                    next(stream)
                    codes.append(grpc.StatusCode.OK)
                except grpc.RpcError as error:
                    codes.append(error.code())
        assert codes.count(grpc.StatusCode.OK) == health.WATCHES
        assert codes.count(grpc.StatusCode.RESOURCE_EXHAUSTED) == 12 - health.WATCHES
        for serving in (False, True) * 5:
            running.weeks._writer._tell(serving, "a test")
        assert call("GetRegistry", b"")
        kept.clear()

    def there_is_room() -> bool:
        with grpc.insecure_channel(str(running.grpc)) as channel:
            watch: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
                "/grpc.health.v1.Health/Watch"
            )
            try:
                return bool(next(watch(b"", timeout=10)) == b"\x08\x01")
            except grpc.RpcError:
                return False

    until(there_is_room)  # those who left made it


def test_watching_a_service_that_is_not_here_ends_at_once(channel: grpc.Channel) -> None:
    watch: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
        "/grpc.health.v1.Health/Watch"
    )
    assert list(watch(b"\x0a\x06nobody", timeout=10)) == [b"\x08\x03"]  # SERVICE_UNKNOWN


def test_a_health_request_that_is_not_decodable_is_refused(channel: grpc.Channel) -> None:
    check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/grpc.health.v1.Health/Check"
    )
    with pytest.raises(grpc.RpcError) as caught:
        check(b"\xff", timeout=10)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def _answer(app: App, path: str = "/metrics") -> int:
    connection = http.client.HTTPConnection(app.public.host, app.public.port, timeout=10)
    with suppress(OSError):
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status
    return 0


def _closed(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"POST /post HT",
        b"POST /post HTTP/1.1\r\nHost: a\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nPOST ",
    ],
    ids=["nothing", "half a line", "half the headers", "half a second request"],
)
def test_http_connections_that_say_nothing_are_closed(
    running: App, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_timeouts, "HEADER_SECONDS", 0.3)
    with socket.create_connection((running.public.host, running.public.port)) as connection:
        connection.sendall(begun)
        for _ in range(3):  # a byte now and then makes no difference
            time.sleep(0.05)
            with suppress(OSError):
                connection.sendall(b"x" if begun else b"")
        assert _closed(connection, PATIENCE)
    monkeypatch.setattr(request_timeouts, "HEADER_SECONDS", 2 * PATIENCE)
    assert _answer(running) == 200


@pytest.mark.parametrize(
    "before", [b"", b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"], ids=["first", "second"]
)
def test_a_body_that_does_not_come_is_not_waited_for(
    running: App, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr(request_timeouts, "BODY_SECONDS", 0.3)
    with socket.create_connection((running.public.host, running.public.port)) as connection:
        connection.sendall(
            before
            + b"POST /post HTTP/1.1\r\nHost: a\r\nX-Site-Key: s\r\nContent-Length: 99\r\n\r\n{"
        )
        connection.settimeout(PATIENCE)
        answer = b""
        while b"HTTP/1.1 504" not in answer:
            answer += (received := connection.recv(4096))
            assert received, answer
        assert answer.count(b"HTTP/1.1 ") == 1 + bool(before)


def test_slow_bodies_hold_nobody_else_up(running: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_timeouts, "BODY_SECONDS", 2 * PATIENCE)
    with ExitStack() as stack:
        slow = []
        for _ in range(300):
            place = (running.public.host, running.public.port)
            connection = stack.enter_context(socket.create_connection(place))
            slow.append(connection)
            connection.sendall(
                b"POST /post HTTP/1.1\r\nHost: a\r\nX-Site-Key: s\r\nContent-Length: 99\r\n\r\n{"
            )
        assert _answer(running) == 200
        ready, _, _ = select.select(slow, [], [], 0)
        assert not ready  # all of them are waited for, and nobody waits for them


@pytest.mark.parametrize("length", [b"65537", b"9" * 30])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(
    running: App, length: bytes
) -> None:
    with socket.create_connection((running.public.host, running.public.port)) as connection:
        connection.sendall(
            b"POST /post HTTP/1.1\r\nHost: a\r\nX-Site-Key: s\r\nContent-Length: %b\r\n\r\n"
            % length
        )
        connection.settimeout(10)
        assert connection.recv(4096).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))


def test_a_body_without_a_length_is_read_up_to_the_limit_and_no_further(running: App) -> None:
    with socket.create_connection((running.public.host, running.public.port)) as connection:
        connection.sendall(
            b"POST /post HTTP/1.1\r\nHost: a\r\nX-Site-Key: s\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.settimeout(10)
        with suppress(OSError):
            for _ in range(9):
                connection.sendall(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")
