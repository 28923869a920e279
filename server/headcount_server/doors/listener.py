"""A listening socket that shares its places among networks from the moment of accept.

A connection that is refused here costs a descriptor for a moment, and neither a TLS
handshake nor the memory for one.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from headcount_server.doors.address import Address
from headcount_server.doors.callers import address_of, network_of
from headcount_server.doors.shares import Shares

ACCEPTED_AT_ONCE = 64
"""Most connections that are accepted before open ones get their turn."""
QUEUE = 4096
"""Most connections that wait in the kernel, whose own setting may be lower."""

_RESET = struct.pack("ii", 1, 0)


class Connection(socket.socket):
    """An accepted connection. Calls `on_close`, which must be set, as it closes."""

    on_close: Callable[[], None]

    def close(self) -> None:
        """Close the connection."""
        self.on_close()
        super().close()


class Listener(socket.socket):
    """Listens on an address, and accepts a connection if it gets a place. Raises OSError."""

    def __init__(self, address: Address, places: int) -> None:
        # grpcio takes either address for all of them, so this door does too.
        both = address.is_everywhere and socket.has_dualstack_ipv6()
        super().__init__(socket.AF_INET6 if both or ":" in address.host else socket.AF_INET)
        self._shares: Shares[Connection] = Shares(places)
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it. asyncio does not set it, and then a response on a kept
            # connection waits 40 ms for its caller to acknowledge the headers.
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.family == socket.AF_INET6:
                self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
            self.bind(("::" if both else address.host, address.port))
            self.listen(QUEUE)
        except OSError:
            self.close()
            raise

    def listen(self, _backlog: int = QUEUE, /) -> None:
        """Let `QUEUE` connections wait; asyncio would allow only as many as it accepts at once."""
        super().listen(QUEUE)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection that gets a place.

        Raises BlockingIOError if none waits, or if none of the first ones gets a place.
        """
        for _ in range(ACCEPTED_AT_ONCE):
            accepted, peer = super().accept()
            connection = Connection(self.family, self.type, self.proto, accepted.detach())
            if self._take(connection, peer):
                return connection, peer
        raise BlockingIOError

    def has_emptied(self) -> bool:
        """Return whether many connections came since it last returned true, and few are left."""
        return self._shares.has_emptied()

    def _take(self, connection: Connection, peer: tuple[Any, ...]) -> bool:
        address = address_of(str(peer[0]))
        network = b"" if address is None else network_of(address)
        connection.on_close = lambda: self._shares.leave(network, connection)
        lost = self._shares.enter(network, connection)
        if lost is None:
            # Close at once, and leave no trace in the kernel.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.close()
            return False
        for each in lost:
            with suppress(OSError):  # the caller may be gone
                each.shutdown(socket.SHUT_RDWR)  # then its reader closes it
        return True
