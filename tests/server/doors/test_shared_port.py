"""No network holds all connections of gRPC, whose library accepts by itself."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.doors.callers import address_of, network_of
from headcount_server.doors.packet_filter import MAX_NETWORKS, keep_away
from headcount_server.doors.rate_limits import Limits
from headcount_server.doors.shared_port import SharedPort
from headcount_server.doors.shares import Shares
from support.doors import is_open
from support.waiting import until

KNOCK = 0.3
"""Seconds after which a packet was dropped."""


def _network(address: str) -> bytes:
    found = address_of(address)
    assert found is not None
    return network_of(found)


def _far_network(number: int) -> bytes:
    """Return one of many networks, every second one of IPv6."""
    if number % 2:
        return _network(f"2001:db8:{number:x}::1")
    return _network(f"198.18.{number // 2}.1")


def _listening(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, 0), family=family, dualstack_ipv6=host == "::")


def _is_heard(listening: socket.socket, source: str) -> bool:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family) as caller:
        caller.settimeout(KNOCK)
        caller.bind((source, 0))
        here = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        try:
            caller.connect((here, listening.getsockname()[1]))
        except TimeoutError:
            return False
        return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_the_kernel_keeps_networks_away_and_no_others(host: str) -> None:
    with _listening(host) as listening:
        far = [_far_network(n) for n in range(2 * MAX_NETWORKS)]
        keep_away([_network("127.0.8.0"), _network("127.0.9.0"), *far[:200]], listening)
        assert not _is_heard(listening, "127.0.8.1")
        assert not _is_heard(listening, "127.0.9.200")
        assert _is_heard(listening, "127.0.7.255")
        assert _is_heard(listening, "127.0.10.0")
        keep_away([_network("127.0.8.0")], listening)
        assert not _is_heard(listening, "127.0.8.1")
        assert _is_heard(listening, "127.0.9.200")
        keep_away([], listening)
        assert _is_heard(listening, "127.0.8.1")
        keep_away(far, listening)  # as many as there is room for
        assert _is_heard(listening, "127.0.8.1")


def test_the_kernel_keeps_a_network_of_ipv6_away_and_no_others() -> None:
    with _listening("::") as listening:
        keep_away([_network("2001:db8::1")], listening)
        assert _is_heard(listening, "::1")
        keep_away([_network("127.0.8.0"), _network("::1")], listening)
        assert not _is_heard(listening, "::1")
        assert _is_heard(listening, "127.0.9.1")


def test_a_network_that_holds_half_of_the_places_should_not_come_for_now() -> None:
    shares: Shares[int] = Shares(6)
    for number in range(2):
        shares.enter(b"many", number)
    assert not shares.sent_away()
    shares.enter(b"many", 2)
    assert shares.sent_away() == {b"many"}
    for number in range(3, 5):
        shares.enter(b"some", number)
    assert shares.sent_away() == {b"many"}
    shares.enter(b"one", 5)
    assert shares.sent_away() == {b"many", b"some"}
    shares.leave(b"many", 0)
    assert not shares.sent_away()


def test_connections_of_other_sockets_are_left_alone() -> None:
    """A port has one place, and two callers; many sockets of the process are none of its own."""
    with ExitStack() as stack:
        own, other = (stack.enter_context(_listening("127.0.0.1")) for _ in range(2))
        pair = [stack.enter_context(each) for each in socket.socketpair()]
        bystanders = []
        for _ in range(3):
            caller = stack.enter_context(socket.create_connection(other.getsockname()))
            bystanders.append((caller, stack.enter_context(closing(other.accept()[0]))))
        port = SharedPort(Address("127.0.0.1", own.getsockname()[1]), 1)
        stack.callback(port.stop)
        port.start()
        held = []
        for _ in range(2):
            caller = stack.enter_context(socket.create_connection(own.getsockname()))
            held.append((caller, stack.enter_context(closing(own.accept()[0]))))
        held[1][1].settimeout(10)
        assert held[1][1].recv(1) == b""
        held[0][0].send(b"x")
        assert held[0][1].recv(1) == b"x"
        for caller, accepted in bystanders:
            caller.send(b"x")
            assert accepted.recv(1) == b"x"
        pair[0].send(b"x")
        assert pair[1].recv(1) == b"x"


def test_a_network_that_was_kept_away_is_heard_again_once_it_has_left() -> None:
    with ExitStack() as stack:
        listening = stack.enter_context(_listening("127.0.0.1"))
        port = SharedPort(Address("127.0.0.1", listening.getsockname()[1]), 4)
        stack.callback(port.stop)
        port.start()
        with ExitStack() as crowd:
            for _ in range(3):
                crowd.enter_context(socket.create_connection(listening.getsockname()))
                crowd.enter_context(closing(listening.accept()[0]))
            until(lambda: not _is_heard_from_outside(listening))
        until(lambda: _is_heard_from_outside(listening))


def _is_heard_from_outside(listening: socket.socket) -> bool:
    """Knock by another process, since a socket of this one would be looked at."""
    knock = f"import socket; socket.create_connection({listening.getsockname()}, {KNOCK})"
    done = subprocess.run([sys.executable, "-c", knock], stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _call(app: App, source: str) -> socket.socket:
    address = (app.grpc.host, app.grpc.port)
    return socket.create_connection(address, timeout=10, source_address=(source, 0))


def _still_counted(port: int) -> int:
    """Return how many connections to a port grpcio counts: those that it has not let go of."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
    ]
    listens, nobody = "0A", "0"  # a state, and the inode of a connection without a process
    return sum(
        row[1].endswith(f":{port:04X}") and row[3] != listens and row[9] != nobody for row in rows
    )


def test_a_network_that_fills_the_port_of_grpc_leaves_room_for_others(
    config: Config, clock_file: Path
) -> None:
    crowded = replace(config, limits=Limits(connections=40))
    with App(crowded, FileClock(clock_file)) as app, ExitStack() as stack:
        held: list[socket.socket] = []
        end = time.monotonic() + 2
        while len(held) < 60 and time.monotonic() < end:
            with suppress(TimeoutError):
                caller = stack.enter_context(socket.socket())
                caller.settimeout(KNOCK)
                caller.bind(("127.0.9.1", 0))
                caller.connect((app.grpc.host, app.grpc.port))
                held.append(caller)
        until(lambda: sum(map(is_open, held)) <= 10)
        until(lambda: _still_counted(app.grpc.port) <= 10)
        others = [stack.enter_context(_call(app, f"127.0.{n}.1")) for n in range(10, 18)]
        until(lambda: sum(map(is_open, [*held, *others])) <= 10)
        assert all(is_open(each) for each in others)
