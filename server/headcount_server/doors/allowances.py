"""The calls that a network may make: a bucket that fills with time, and a lot if it runs short.

Sites on one host run their jobs at the same minute, and in the same order. If calls were
served first come, first served, the last sites would never get through. So if a network's
last rush asked for more calls than there were, a lot decides in its next rush: each call
has the same chance, whenever it comes.
"""

from __future__ import annotations

from collections.abc import Callable

RUSH_SECONDS = 3600.0
"""Most seconds of a rush; it ends earlier once the network is quiet long enough to fill the
bucket."""

MARGIN = 0.9
"""Part of the calls that a lot gives away; if it gave all, chance could leave none for the last."""


class Bucket:
    """The number of calls that may be made at once. It grows with time.

    For one thread at a time.
    """

    __slots__ = ("_at", "_left", "most", "per_second")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self.most = most
        self.per_second = per_second
        self._left = most
        self._at = now

    def left(self, now: float) -> float:
        """Return how many calls may be made at `now`, in seconds of the clock of `__init__`."""
        self._left = min(self.most, self._left + (now - self._at) * self.per_second)
        self._at = now
        return self._left

    def take(self, price: float) -> None:
        """Take a number of calls; a negative number gives them back."""
        self._left -= price


class Allowance:
    """The calls that one network may make. For one thread at a time."""

    __slots__ = ("_asked", "_began", "_bucket", "_chance", "_last", "_paid", "_served")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self._bucket = Bucket(most, per_second, now)
        self._chance = 1.0
        self._began = self._last = now
        self._asked = self._served = 0
        self._paid = 0.0

    def take(self, now: float, draw: Callable[[], float]) -> bool:
        """Take one call; return whether a call is left and the lot falls on it.

        `draw` returns an evenly distributed number from 0 up to 1.
        """
        bucket = self._bucket
        quiet = (now - self._last) * bucket.per_second >= bucket.most
        if quiet or now - self._began >= RUSH_SECONDS:
            self._begin_rush(now)
        self._asked += 1
        self._last = now
        left = bucket.left(now)
        # A full bucket is not short: no lot is drawn once a flood has ended.
        if left < 1 or (left < bucket.most and draw() >= self._chance):
            return False
        bucket.take(1)
        self._served += 1
        self._paid += 1
        return True

    def give_back(self, part: float) -> None:
        """Give back a part of a call that was taken."""
        self._bucket.take(-part)
        self._paid -= part

    def is_full(self, now: float) -> bool:
        """Return whether a new allowance would allow as much, so that this one may be forgotten."""
        return self._bucket.left(now) >= self._bucket.most

    def _begin_rush(self, now: float) -> None:
        """Set the chance of a call from the calls of the last rush, at the price that they paid."""
        if self._asked:
            price = self._paid / self._served if self._served else 1.0
            had = self._bucket.most + (self._last - self._began) * self._bucket.per_second
            wanted = price * self._asked
            self._chance = 1.0 if wanted <= had else MARGIN * had / wanted
        self._began = now
        self._asked = self._served = 0
        self._paid = 0.0
