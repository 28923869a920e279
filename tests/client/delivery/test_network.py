"""Networks that hang: resolvers, connections and servers that drip; a deadline bounds them all."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.transport.grpc_transport import GrpcTransport
from headcount.transport.http_transport import HttpTransport
from support.doors import REQUEST
from support.waiting import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headcount.transport.messages import Transport
    from support.sample_project import Host

SCHEMES = ("http", "https", "grpc", "grpcs")


def _transport(scheme: str, place: str) -> Transport:
    kind = HttpTransport if scheme.startswith("http") else GrpcTransport
    return kind(f"{scheme}://{place}", allow_plaintext=True)


@contextmanager
def _listening(drip: bytes = b"") -> Iterator[int]:
    """A server that takes connections and says nothing, or the same byte for ever.

    Whoever waits for its answer waits until the block is left.
    """
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        held: list[socket.socket] = []

        def serve() -> None:
            while not over.wait(0.02):
                with suppress(OSError):
                    held.append(server.accept()[0])
                for connection in held if drip else ():
                    with suppress(OSError):
                        connection.sendall(drip)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            thread.join()
            for connection in held:
                connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_connection_that_hangs_meets_the_deadline(scheme: str) -> None:
    with _listening() as port, within(5):
        answer = _transport(scheme, f"127.0.0.1:{port}").submit(REQUEST, 0.5)
    assert answer.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}


@pytest.mark.slow
@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_answer_that_drips_meets_the_deadline(start: bytes) -> None:
    """A byte now and then keeps a socket's own time limit from ever being reached."""
    for drip in (b"x", start):
        with _listening(drip) as port, within(5):
            answer = _transport("http", f"127.0.0.1:{port}").submit(REQUEST, 0.5)
        assert answer.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}


@pytest.mark.slow
def test_a_grpc_server_that_drips_meets_the_deadline() -> None:
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # an empty SETTINGS frame, again and again
    with _listening(settings) as port, within(5):
        answer = _transport("grpc", f"127.0.0.1:{port}").submit(REQUEST, 0.5)
    assert answer.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}


@pytest.mark.slow
def test_a_resolver_that_hangs_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hangs(*_parts: object, **_named: object) -> list[object]:
        release.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setenv("no_proxy", "*")
    with within(5):
        answer = HttpTransport("https://telemetry.test").submit(REQUEST, 0.5)
    release.set()
    assert answer.code == "DEADLINE_EXCEEDED"


def test_a_resolver_that_never_answers_grpc_meets_the_deadline() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        transport = GrpcTransport("grpcs://telemetry.test")
        resolver = f"dns://127.0.0.1:{silent.getsockname()[1]}/telemetry.test"
        transport.endpoint = transport.endpoint.replaced(host=resolver)
        with within(7):
            answer = transport.submit(REQUEST, 0.7)
    assert answer.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("way", ["send_now", "send_if_due"])
def test_a_host_gets_its_time_back_when_it_said_and_the_report_leaves_later(
    host: Callable[..., Host], scheme: str, way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with _listening() as port:
        site = host(endpoint=f"{scheme}://127.0.0.1:{port}")
        site.client.grant()
        site.until_due()
        with within(8):
            outcome = getattr(site.client, way)(seconds=0.8)
    assert outcome == Outcome.LATER
    assert (site.client.next_due() or 0) > site.now
    assert capfd.readouterr() == ("", "")


def test_without_any_time_nothing_is_sent(host: Callable[..., Host]) -> None:
    site = host()
    site.client.grant()
    outcome = site.client.send_now(seconds=0)
    assert outcome in {Outcome.LATER, Outcome.DROPPED}
    assert not site.transport.requests
