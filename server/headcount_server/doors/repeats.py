"""The memory of the tokens that each address sent earlier today, in a form that names neither.

It is a Bloom filter of (address, token) under a key that changes daily. It is asked before
anything is counted, and knows nothing of the store. So the price of a call says nothing
about who has reported: an address learns only what it sent itself.
"""

from __future__ import annotations

import secrets
import struct
from hashlib import blake2b

FILTER_BYTES = 1 << 21
MAX_HELD = 1_000_000
"""Most pairs in one filter; 4 in 10,000 new pairs are then taken for old. A new filter follows."""

_PLACES = struct.Struct(">8I")
"""The places of a pair's bits in the filter, before they are brought into its bounds."""


class Repeats:
    """Recognizes tokens that an address sent earlier today. For one thread at a time."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everything, including the key."""
        self._key = secrets.token_bytes(16)
        self._bits = bytearray(FILTER_BYTES)
        self._held = 0

    def heard(self, address: bytes, token: bytes) -> bool:
        """Return whether the address sent this token earlier today, and remember that it has.

        While one filter lasts, the result is rarely True for a new pair and never False for
        an old one.
        """
        if self._held >= MAX_HELD:
            self.begin_anew()
        name = bytes([len(address)]) + address + token
        digest = blake2b(name, key=self._key, digest_size=_PLACES.size).digest()
        bits, known = self._bits, True
        for place in _PLACES.unpack(digest):
            byte, bit = (place >> 3) % FILTER_BYTES, 1 << (place & 7)
            if not bits[byte] & bit:
                known = False
                bits[byte] |= bit
        self._held += not known
        return known
