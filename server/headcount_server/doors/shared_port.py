"""The connections of a port that grpcio listens on, shared among networks.

grpcio accepts connections by itself, tells nobody, and takes none that other code accepted.
So this module looks for its connections among the descriptors of the process, and shuts
those that lose their place; grpcio then sees that their callers are gone. The kernel keeps
away the networks that hold too much, so that few connections come between two looks.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from headcount_server.doors import memory, packet_filter
from headcount_server.doors.address import Address
from headcount_server.doors.callers import address_of, network_of
from headcount_server.doors.shares import Shares

LOOK_SECONDS = 0.05
"""Seconds between two looks at the descriptors."""
QUEUE = 512
"""Most connections that wait in the kernel, which are accepted whatever their network;
grpcio would let 4,096 wait."""
OFTEN = 64
"""New connections after which the networks to keep away are determined, if more are to come."""
TIDY_SECONDS = 1.0
"""Seconds between two looks at whether a crowd has left memory to be given back."""

_DESCRIPTORS = "/dev/fd"
_RESET = struct.pack("ii", 1, 0)
_IP = (socket.AF_INET, socket.AF_INET6)


class SharedPort:
    """Lets the networks of an address's callers share a number of places."""

    def __init__(self, address: Address, places: int) -> None:
        self._address = address
        self._shares: Shares[int] = Shares(places)
        # By inode, because descriptors are used again. None means that the socket belongs to
        # another port.
        self._known: dict[int, bytes | None] = {}
        self._listening: set[int] = set()
        self._away: frozenset[bytes] = frozenset()
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="shares", daemon=True)

    def start(self) -> None:
        """Start to look."""
        self.thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join()

    def _watch(self) -> None:
        tidied = time.monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            self._look()
            if time.monotonic() >= tidied + TIDY_SECONDS:
                tidied = time.monotonic()
                if self._shares.has_emptied():
                    memory.give_back()

    def _look(self) -> None:
        try:
            sockets = _sockets()
        except OSError:  # no descriptor is left to look with
            return
        for inode in self._known.keys() - sockets.keys():
            network = self._known.pop(inode)
            if network is not None:
                self._shares.leave(network, inode)
        shut: list[int] = []
        # Nearly by age, because the kernel gives out the lowest free descriptor.
        new = sorted(sockets.keys() - self._known.keys(), key=sockets.__getitem__)
        for number, inode in enumerate(new, start=1):
            network = self._known[inode] = self._caller(sockets[inode], inode)
            if network is not None:
                lost = self._shares.enter(network, inode)
                shut += (inode,) if lost is None else lost
            if number % OFTEN == 0:
                self._keep_away(sockets)
        self._keep_away(sockets)  # who has left may come again, though nobody new was heard
        for inode in shut:
            with suppress(OSError), _opened(sockets[inode], inode) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                connection.shutdown(socket.SHUT_RDWR)

    def _keep_away(self, sockets: dict[int, int]) -> None:
        away = self._shares.sent_away()
        if away == self._away:
            return
        self._away = away
        for inode in self._listening & sockets.keys():
            with suppress(OSError), _opened(sockets[inode], inode) as found:
                packet_filter.keep_away(away, found)

    def _caller(self, descriptor: int, inode: int) -> bytes | None:
        """Return the network of a connection's caller; None if it is another port's."""
        with suppress(OSError), _opened(descriptor, inode) as found:
            if not self._is_here(found):
                return None
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                self._listening.add(inode)
                found.listen(QUEUE)
            else:
                address = address_of(found.getpeername()[0])
                return b"" if address is None else network_of(address)
        return None

    def _is_here(self, found: socket.socket) -> bool:
        if found.family not in _IP:
            return False
        host, port = found.getsockname()[:2]
        if port != self._address.port:
            return False
        listens_on = address_of(self._address.host)
        # A name is taken for every address, as 0.0.0.0 and :: are.
        return listens_on is None or not any(listens_on) or address_of(host) == listens_on


def _sockets() -> dict[int, int]:
    """Return the descriptors of this process's open sockets by inode."""
    found = {}
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - twenty times a second, without paths
        with suppress(OSError):  # closed in the meantime
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode):
                found[status.st_ino] = int(name)
    return found


@contextmanager
def _opened(descriptor: int, inode: int) -> Iterator[socket.socket]:
    """Open a socket of this process once more. Raises OSError if it has closed."""
    # A descriptor of our own, because grpcio may close its own at any time and reuse the number.
    with socket.socket(fileno=os.dup(descriptor)) as found:
        if os.fstat(found.fileno()).st_ino != inode:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        yield found
