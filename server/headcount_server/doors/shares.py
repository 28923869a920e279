"""The places of a door, shared so that no network can hold all of them.

A network may hold what nobody else wants. Once a door is full, a caller from a
network that holds less takes the place of the oldest connection of the network
that holds most; a caller from that network itself is sent away. So to shut a
door, an attacker needs as many networks as it has places.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Held = TypeVar("Held", bound=Hashable)


class Shares(Generic[Held]):
    """The places of one door, and their holders. For one thread at a time."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = places
        self._held: dict[bytes, dict[Held, None]] = {}

    @property
    def taken(self) -> int:
        """Return the number of places that are taken."""
        return self._places - self._free

    def enter(self, network: bytes, connection: Held) -> tuple[Held, ...] | None:
        """Give a place to a connection.

        Return the connections that have just lost theirs, or None if there is
        no place for this one.
        """
        lost: tuple[Held, ...] = ()
        if not self._free:
            largest = max(self._held, key=lambda each: len(self._held[each]))
            if len(self._held[largest]) <= len(self._held.get(network, ())) + 1:
                return None
            oldest = next(iter(self._held[largest]))
            self.leave(largest, oldest)
            lost = (oldest,)
        self._held.setdefault(network, {})[connection] = None
        self._free -= 1
        return lost

    def leave(self, network: bytes, connection: Held) -> None:
        """Take a place back, unless that was done before."""
        held = self._held.get(network, {})
        if connection in held:
            del held[connection]
            self._free += 1
            if not held:
                del self._held[network]
