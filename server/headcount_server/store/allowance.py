"""The number of new values that each network may introduce into a week's vocabularies.

The numbers are held in memory alone, under a key that is drawn anew every day. So nobody
can tell later which network introduced a value.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

VALUES_A_DAY = 20
"""Most new values of one key that one network may introduce in a day."""
RELAYED = b"relayed"
"""The name that all relays share in place of a network's, since a relay names no network."""
RELAYED_VALUES_A_DAY = 200
"""The same for all relays together."""
DAY_SECONDS = 86_400.0
MAX_COUNTS = 200_000
"""Most pairs of network and key that are told apart; once they are reached, further pairs
introduce no value."""

_HASH_BYTES = 8


class Allowance:
    """Counts the values that networks introduced today. Any thread may use it.

    Reports that nobody limits (see `rate_limits`) come from no network, and may introduce
    any number of values.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._key, self._until = b"", float("-inf")
        self._counts: Counter[bytes] = Counter()

    def left(self, network: bytes | None, project: str, key: int) -> bool:
        """Return whether a network may introduce one more value of a key."""
        with self._lock:
            return network is None or self._room(network, self._name(network, project, key))

    def take(self, network: bytes | None, project: str, key: int) -> bool:
        """Let a network introduce a value; return False if it may not."""
        if network is None:
            return True
        with self._lock:
            name = self._name(network, project, key)
            allowed = self._room(network, name)
            if allowed:
                self._counts[name] += 1
            return allowed

    def _room(self, network: bytes, name: bytes) -> bool:
        if name not in self._counts and len(self._counts) >= MAX_COUNTS:
            return False
        most = RELAYED_VALUES_A_DAY if network == RELAYED else VALUES_A_DAY
        return self._counts[name] < most

    def _name(self, network: bytes, project: str, key: int) -> bytes:
        now = self._now()
        if now >= self._until:
            self._key, self._until = secrets.token_bytes(16), now + DAY_SECONDS
            self._counts.clear()
        digest = blake2b(f"{project}:{key}:".encode(), key=self._key, digest_size=_HASH_BYTES)
        digest.update(network)
        return digest.digest()
