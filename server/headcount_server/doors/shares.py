"""The places of a door, shared so that no network can hold all of them.

A network may hold places that nobody else wants. Once a door is full, a caller from a
network that holds fewer takes the place of the oldest connection of the network that holds
most. A caller from that network itself is sent away. So to shut a door, an attacker needs
as many networks as it has places.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

MANY = 64
"""Connections at once that leave memory to be given back."""

Held = TypeVar("Held", bound=Hashable)


class Shares(Generic[Held]):
    """The places of one door, and their holders. For one thread at a time."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = places
        self._most = 0
        self._held: dict[bytes, dict[Held, None]] = {}

    def enter(self, network: bytes, connection: Held) -> tuple[Held, ...] | None:
        """Give a place to a connection.

        Return the connections that have just lost their places; None if there is no place
        for this one.
        """
        lost: tuple[Held, ...] = ()
        if not self._free:
            largest = max(self._held, key=self._count)
            if self._count(largest) <= self._count(network) + 1:
                return None
            oldest = next(iter(self._held[largest]))
            self.leave(largest, oldest)
            lost = (oldest,)
        self._held.setdefault(network, {})[connection] = None
        self._free -= 1
        self._most = max(self._most, self._places - self._free)
        return lost

    def leave(self, network: bytes, connection: Held) -> None:
        """Take a place back, unless that was done before."""
        held = self._held.get(network, {})
        if connection in held:
            del held[connection]
            self._free += 1
            if not held:
                del self._held[network]

    def sent_away(self) -> frozenset[bytes]:
        """Return the networks that should not come for now.

        While places are free, that is a network that holds half of all places. Later it is
        each network that would get no further place.
        """
        enough = self._places / 2
        if not self._free:
            enough = min(enough, max(map(self._count, self._held)) - 1)
        return frozenset(each for each in self._held if self._count(each) >= enough)

    def has_emptied(self) -> bool:
        """Return whether many connections came since it last returned true, and few are left."""
        emptied = self._most >= max(MANY, 4 * (self._places - self._free))
        if emptied:
            self._most = 0
        return emptied

    def _count(self, network: bytes) -> int:
        return len(self._held.get(network, ()))
