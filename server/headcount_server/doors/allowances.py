"""What may be asked for: a bucket that fills with time, and a lot if it does not suffice.

Sites on one host run their jobs at the same minute, and in the same order. If
the first to come were served until nothing is left, the last would never be.
So a network whose last rush asked for more than there was is served by lot in
its next one: each call has the same chance, whenever it comes.
"""

from __future__ import annotations

from collections.abc import Callable

RUSH_SECONDS = 3600.0
"""A rush ends after this, or earlier, once it was quiet for long enough to fill the bucket."""

MARGIN = 0.9
"""How much of all there is a lot should give away; else chance may leave none for the last."""


class Bucket:
    """Holds what may still be asked for at once; fills with time. Not for several threads."""

    __slots__ = ("_at", "_left", "most", "per_second")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self.most = most
        self.per_second = per_second
        self._left = most
        self._at = now

    def left(self, now: float) -> float:
        """What may be asked for at this moment, in seconds of the same clock as at the start."""
        self._left = min(self.most, self._left + (now - self._at) * self.per_second)
        self._at = now
        return self._left

    def take(self, price: float) -> None:
        """Take so much of what is left; less than nothing gives it back."""
        self._left -= price


class Allowance:
    """The calls that one network may make. Not for several threads."""

    __slots__ = ("_asked", "_began", "_bucket", "_chance", "_last", "_paid", "_served")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self._bucket = Bucket(most, per_second, now)
        self._chance = 1.0
        self._began = self._last = now
        self._asked = self._served = 0
        self._paid = 0.0

    def take(self, now: float, draw: Callable[[], float]) -> bool:
        """Take one call, if there is one left and the lot falls on it.

        `draw` returns an evenly distributed number from 0 up to 1.
        """
        bucket = self._bucket
        quiet = (now - self._last) * bucket.per_second >= bucket.most
        if quiet or now - self._began >= RUSH_SECONDS:
            self._begin_rush(now)
        self._asked += 1
        self._last = now
        left = bucket.left(now)
        # Nothing is short while the bucket is full: no lot after a flood has ended.
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
        """Whether it may be forgotten, because a new one would allow as much."""
        return self._bucket.left(now) >= self._bucket.most

    def _begin_rush(self, now: float) -> None:
        """Set everybody's chance by what the last rush asked for, at the price that it paid."""
        if self._asked:
            price = self._paid / self._served if self._served else 1.0
            had = self._bucket.most + (self._last - self._began) * self._bucket.per_second
            wanted = price * self._asked
            self._chance = 1.0 if wanted <= had else MARGIN * had / wanted
        self._began = now
        self._asked = self._served = 0
        self._paid = 0.0
