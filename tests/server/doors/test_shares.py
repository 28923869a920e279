"""No network holds all connections of a door, and no door holds all descriptors."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors import event_loop
from headcount_server.doors.address import Address
from headcount_server.doors.descriptors import OWN, places
from headcount_server.doors.listener import Listener
from headcount_server.doors.shares import Shares
from hypothesis import given
from hypothesis import strategies as st
from support.doors import certificate

NETWORKS = st.sampled_from([b"a", b"b", b"c", b"d"])


@given(size=st.integers(1, 12), comers=st.lists(st.tuples(NETWORKS, st.booleans()), max_size=80))
def test_who_holds_less_than_an_even_share_always_gets_a_place(
    size: int, comers: list[tuple[bytes, bool]]
) -> None:
    shares: Shares[int] = Shares(size)
    held: dict[int, bytes] = {}
    for number, (network, leaves) in enumerate(comers):
        own = [each for each, of in held.items() if of == network]
        if leaves and own:
            shares.leave(network, own[0])
            del held[own[0]]
            continue
        lost = shares.enter(network, number)
        if lost is None:
            assert len(held) == size
            assert len(own) + 1 > size / len({*held.values(), network})
            continue
        for each in lost:
            del held[each]
        held[number] = network
        assert len(held) <= size


def test_the_oldest_connection_of_the_network_that_holds_most_makes_room() -> None:
    shares: Shares[str] = Shares(4)
    assert [shares.enter(b"many", each) for each in ("1", "2", "3")] == [()] * 3
    assert shares.enter(b"one", "4") == ()
    assert shares.enter(b"many", "5") is None
    assert shares.enter(b"new", "6") == ("1",)
    shares.leave(b"many", "1")  # as its caller hangs up; its place is another's by now
    assert shares.enter(b"newer", "7") == ("2",)
    assert shares.enter(b"newest", "8") is None
    shares.leave(b"many", "3")
    assert shares.enter(b"newest", "8") == ()


@pytest.mark.parametrize(
    ("connections", "descriptors", "grpc", "http"),
    [
        (4096, 20_000, 4096, 512),
        (4096, 4096, 4096 - OWN - 1024, 512),
        (4096, 1024, 480, 240),
        (100, 1024, 100, 240),
        (4096, 16, 2, 1),
    ],
)
def test_every_door_finds_descriptors(
    connections: int, descriptors: int, grpc: int, http: int
) -> None:
    found = places(connections, descriptors)
    assert (found.grpc, found.http) == (grpc, http)
    assert found.grpc + 2 * found.http <= max(descriptors - OWN, 4)


@pytest.fixture(name="listener")
def _listener() -> Iterator[Listener]:
    with closing(Listener(Address("127.0.0.1", 0), 3)) as listener:
        listener.settimeout(0)
        yield listener


def _call(listener: Listener, source: str) -> socket.socket:
    return socket.create_connection(listener.getsockname(), timeout=5, source_address=(source, 0))


def test_a_connection_without_a_place_is_reset_and_others_of_the_queue_are_accepted(
    listener: Listener,
) -> None:
    with ExitStack() as stack:
        callers = [stack.enter_context(_call(listener, "127.0.9.1")) for _ in range(5)]
        other = stack.enter_context(_call(listener, "127.0.8.1"))
        accepted = [stack.enter_context(closing(listener.accept()[0])) for _ in range(4)]
        assert accepted[-1].getpeername() == other.getsockname()
        with pytest.raises(BlockingIOError):
            listener.accept()
        for refused in callers[3:]:
            with pytest.raises(ConnectionResetError):
                refused.recv(1)
        assert accepted[0].recv(1) == b""  # whoever serves it sees that it is over
        accepted[1].close()
        stack.enter_context(_call(listener, "127.0.9.1"))
        stack.enter_context(closing(listener.accept()[0]))


def test_a_silent_tls_handshake_ends_within_seconds(
    config: Config, clock_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert event_loop.HANDSHAKE_SECONDS <= 10
    monkeypatch.setattr(event_loop, "HANDSHAKE_SECONDS", 0.3)
    key, chain = certificate(tmp_path)
    secure = replace(config, tls_certificate=chain, tls_key=key)
    with App(secure, FileClock(clock_file)) as app:
        place = (app.public.host, app.public.port)
        begun = time.monotonic()
        with closing(socket.create_connection(place, timeout=5)) as silent:
            assert silent.recv(1) == b""
            assert time.monotonic() - begun >= 0.2
