"""Callers that come once: each opens a connection, sends one report, and reads one answer.

They share one thread and epoll, on the core that does not serve, because h2load cannot
open a connection for each request. The result says how busy the generator was: one that
is always busy measures itself.
"""

from __future__ import annotations

import itertools
import os
import resource
import secrets
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import reports
from answers import CLOSED, Answered, Reader
from servers import LOOPBACK

PATIENCE = 60.0
"""Seconds that a caller waits for its answer."""

TURNED_AWAY = "closed before TLS began"
"""The answer of a caller whose connection the server did not accept."""

Wire = Callable[[], bytes]
"""The bytes that the next caller sends."""


@dataclass(slots=True)
class Calls:
    """The results of some callers."""

    latencies: list[float] = field(default_factory=list)
    """Milliseconds from opening the connection to the end of a good answer."""
    answers: Counter[str] = field(default_factory=Counter)
    """Number of callers by answer; `""` means that they waited until they gave up."""
    refused_untold: int = 0
    """Number of callers that were refused and not told when to return."""
    begun: float = 0.0
    """Seconds within which all callers came."""
    seconds: float = 0.0
    """Seconds until the last caller had its answer."""
    most: int = 0
    """Largest number of callers at one time."""
    busy: float = 0.0
    """Share of one core's time that this generator used."""

    @property
    def good(self) -> int:
        """Number of acknowledged reports."""
        return len(self.latencies)


class _Caller:
    __slots__ = ("began", "connection", "out", "reader", "shaken")

    def __init__(self, connection: socket.socket, out: bytes, reader: Reader) -> None:
        self.connection = connection
        self.out = memoryview(out)
        self.reader = reader
        self.began = time.perf_counter()
        self.shaken = False


class Crowd:
    """A crowd of callers to one port, over TLS if a certificate is named."""

    def __init__(
        self,
        port: int,
        wire: Wire,
        reader: Callable[[], Reader],
        certificate: Path | None = None,
        *,
        core: str | None = None,
    ) -> None:
        self._port = port
        self._sources = _sources(1)
        self._core = core
        self._wire = wire
        self._reader = reader
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.create_default_context(cafile=certificate)
            self._tls.set_alpn_protocols(["h2"] if reader().h2 else ["http/1.1"])
        self._waiting: dict[int, _Caller] = {}
        self._polling = selectors.DefaultSelector()
        self._calls = Calls()

    def keep(self, number: int, seconds: float) -> Calls:
        """Keep this many callers for this long: each that has its answer is followed by another."""

        def due(elapsed: float, _come: int) -> int:
            return number - len(self._waiting) if elapsed < seconds else -1

        return self._run(due)

    def come(self, number: int, seconds: float, networks: int = 1) -> Calls:
        """Let this many callers come, evenly over this long, even if earlier ones still wait.

        They come from so many networks in turn, since a server gives each of them its share.
        """
        self._sources = _sources(networks)

        def due(elapsed: float, come: int) -> int:
            if come == number:
                return -1
            return min(number, int(elapsed / seconds * number) + 1) - come

        return self._run(due)

    def _run(self, due: Callable[[float, int], int]) -> Calls:
        if self._core is not None:
            os.sched_setaffinity(0, {int(self._core)})
        _allow_many_files()
        self._calls = calls = Calls()
        come, worked, began = 0, time.process_time(), time.perf_counter()
        while True:
            elapsed = time.perf_counter() - began
            missing = due(elapsed, come)
            for _ in range(missing):
                self._begin()
            come += max(0, missing)
            if missing > 0:
                calls.begun = elapsed
            calls.most = max(calls.most, len(self._waiting))
            if missing < 0 and not self._waiting:
                break
            self._wait()
        calls.seconds = time.perf_counter() - began
        calls.busy = (time.process_time() - worked) / calls.seconds
        return calls

    def _begin(self) -> None:
        connection = socket.socket()
        connection.settimeout(0)
        # Let `connect` choose the port. `bind` would look for one that no ended connection has
        # had for a minute, to whichever server: after 14,000 of them that takes 2 ms.
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((next(self._sources), 0))
        with suppress(BlockingIOError):
            connection.connect((LOOPBACK, self._port))
        caller = _Caller(connection, self._wire(), self._reader())
        self._waiting[connection.fileno()] = caller
        self._polling.register(connection.fileno(), selectors.EVENT_WRITE)

    def _wait(self) -> None:
        for key, _ in self._polling.select(0.001):
            try:
                self._go_on(self._waiting[key.fd], key.fd)
            except ssl.SSLWantReadError:
                self._polling.modify(key.fd, selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._polling.modify(key.fd, selectors.EVENT_WRITE)
            except OSError:
                greeted = self._tls is None or self._waiting[key.fd].shaken
                self._end(key.fd, Answered(CLOSED if greeted else TURNED_AWAY))
        before = time.perf_counter() - PATIENCE
        for number, caller in list(self._waiting.items())[:10]:  # oldest first
            if caller.began < before:
                self._end(number, Answered(""))

    def _go_on(self, caller: _Caller, number: int) -> None:
        if self._tls is not None and not caller.shaken:
            self._shake_hands(caller)
        while caller.out:
            try:
                caller.out = caller.out[caller.connection.send(caller.out) :]
            except BlockingIOError:
                return
            if not caller.out:
                self._polling.modify(number, selectors.EVENT_READ)
                return
        try:
            data = caller.connection.recv(65536)
        except BlockingIOError:
            return
        answered = caller.reader.take(data)
        if answered is not None:
            self._end(number, answered)

    def _shake_hands(self, caller: _Caller) -> None:
        assert self._tls is not None  # noqa: S101 - for the type checker
        if not isinstance(caller.connection, ssl.SSLSocket):
            caller.connection = self._tls.wrap_socket(
                caller.connection, server_hostname=LOOPBACK, do_handshake_on_connect=False
            )
        caller.connection.do_handshake()
        caller.shaken = True

    def _end(self, number: int, answered: Answered) -> None:
        caller = self._waiting.pop(number)
        self._polling.unregister(number)
        caller.connection.close()
        self._calls.answers[answered.code] += 1
        if answered.good:
            self._calls.latencies.append((time.perf_counter() - caller.began) * 1000)
        elif answered.code not in {"", CLOSED, TURNED_AWAY} and not answered.told:
            self._calls.refused_untold += 1


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _sources(networks: int) -> Iterator[str]:
    """Yield addresses of this machine, of so many networks in turn."""
    return itertools.cycle([f"127.{n // 256}.{n % 256}.1" for n in range(networks)])


def fresh(template: bytes, *, token: bytes = reports.TOKEN) -> Wire:
    """Return the same bytes with another token for each caller."""
    before, after = template.split(token)

    def wire() -> bytes:
        return before + secrets.token_bytes(len(token)) + after

    return wire


def in_turn(templates: Sequence[bytes]) -> Wire:
    """Return the same for several templates in turn."""
    wires = [fresh(template) for template in templates]
    turn = iter(range(1 << 62))
    return lambda: wires[next(turn) % len(wires)]()  # noqa: PLW0108 - a turn for each call
