"""Published counts as the ranges that they are, and the shares that follow from them.

A count that was rounded down to a multiple of the threshold k says that the
true one lies between itself and itself + k - 1. Whatever is computed from
such counts is a range too, and here it always holds the truth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

DASH = "\N{EN DASH}"
WIDE = 1.0
"""Shares whose bounds lie further apart than this many points are printed in whole points."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many reports: at least `lower`, at most `upper`, drawn at `middle`."""

    lower: int
    upper: int
    middle: float

    @classmethod
    def published(cls, number: int, threshold: int) -> Count:
        """What a published number says; `number` is a multiple of the threshold."""
        return cls(number, number + threshold - 1, number + (threshold - 1) / 2)

    def __str__(self) -> str:
        if self.lower == self.upper:
            return f"{self.lower:,}"
        return f"{self.lower:,}{DASH}{self.upper:,}"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole in percent: at least `lower`, at most `upper`, drawn at `middle`."""

    lower: float
    upper: float
    middle: float

    def __str__(self) -> str:
        # Rounded outwards, so that the printed range still holds the truth.
        digits = 0 if self.upper - self.lower >= WIDE else 1
        lower, upper = _down(self.lower, digits), _up(self.upper, digits)
        if lower == upper:
            return f"{lower:.{digits}f}%"
        return f"{lower:.{digits}f}{DASH}{upper:.{digits}f}%"


def share(part: Count, whole: Count) -> Share:
    """What `part` is of `whole`; the part is never more than the whole."""
    lower = 100 * part.lower / max(whole.upper, 1)
    upper = min(100.0, 100 * part.upper / max(whole.lower, 1))
    middle = 100 * part.middle / max(whole.middle, 1)
    return Share(lower, upper, min(max(middle, lower), upper))


def added(parts: Iterable[Count], bound: Count) -> Count:
    """Several published counts together, where further ones may have been withheld.

    What was withheld is in nobody's count, so the sum is bounded from above by
    `bound` alone. It is drawn where the published parts put it.
    """
    parts = tuple(parts)
    lower = sum(part.lower for part in parts)
    # With a threshold of 1 nothing is withheld, and every count is exact.
    exact = bound.lower == bound.upper
    upper = lower if exact else max(bound.upper, lower)
    return Count(lower, upper, min(sum(part.middle for part in parts), upper))


def rest(whole: Count, parts: Iterable[Count]) -> Count:
    """What the parts leave of a whole in which every report has one part at most."""
    parts = tuple(parts)
    lower = max(0, whole.lower - sum(part.upper for part in parts))
    upper = max(0, whole.upper - sum(part.lower for part in parts))
    middle = whole.middle - sum(part.middle for part in parts)
    return Count(lower, upper, min(max(middle, lower), upper))


def _down(number: float, digits: int) -> float:
    scale = float(10**digits)
    # A hair of floating point must not cost a whole point.
    return float(math.floor(round(number * scale, 6)) / scale)


def _up(number: float, digits: int) -> float:
    scale = float(10**digits)
    return float(math.ceil(round(number * scale, 6)) / scale)
