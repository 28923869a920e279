"""What an address has said before today, remembered in a form that names neither.

A Bloom filter of (address, token) under a key that changes daily. It is asked
before anything is counted and knows nothing of the store, so what a caller is
charged says nothing about who has reported: an address learns only what it
said itself.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b

FILTER_BYTES = 1 << 21
MAX_HELD = 1_000_000
"""Most pairs in one filter; 4 in 10,000 new ones are then taken for old. A new one follows."""

_BITS_A_PAIR = 8


class Repeats:
    """Recognizes what an address said before. For one thread at a time."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everything, the key too."""
        self._key = secrets.token_bytes(16)
        self._bits = bytearray(FILTER_BYTES)
        self._held = 0

    def heard(self, address: bytes, token: bytes) -> bool:
        """Return whether the address said this before; from now on it has.

        While one filter lasts, it is rarely true of a new pair and never false of an old one.
        """
        if self._held >= MAX_HELD:
            self.begin_anew()
        name = bytes([len(address)]) + address + token
        digest = blake2b(name, key=self._key, digest_size=4 * _BITS_A_PAIR).digest()
        bits, known = self._bits, True
        for start in range(0, len(digest), 4):
            place = int.from_bytes(digest[start : start + 4]) % (FILTER_BYTES * 8)
            byte, bit = place >> 3, 1 << (place & 7)
            if not bits[byte] & bit:
                known = False
                bits[byte] |= bit
        self._held += not known
        return known
