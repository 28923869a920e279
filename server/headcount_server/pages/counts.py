"""Published counts as ranges, and the shares that follow from them.

A count n was rounded down to a multiple of the threshold k, so the true count is from
n to n + k - 1. Everything computed from such counts is a range too, and always contains
the true value.
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
        """Return the range of a published number, which is a multiple of the threshold."""
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
    """Return the share of `part` in `whole`; the part is never more than the whole."""
    lower = 100 * part.lower / max(whole.upper, 1)
    upper = min(100.0, 100 * part.upper / max(whole.lower, 1))
    middle = 100 * part.middle / max(whole.middle, 1)
    return Share(lower, upper, min(max(middle, lower), upper))


def added(parts: Iterable[Count], bound: Count) -> Count:
    """Return the sum of several published counts if others may have been withheld.

    Withheld counts are unknown, so only `bound` limits the sum from above. It is drawn
    at the sum of the published parts.
    """
    parts = tuple(parts)
    lower = sum(part.lower for part in parts)
    # With a threshold of 1 nothing is withheld, and every count is exact.
    exact = bound.lower == bound.upper
    upper = lower if exact else max(bound.upper, lower)
    return Count(lower, upper, min(sum(part.middle for part in parts), upper))


def rest(whole: Count, parts: Iterable[Count]) -> Count:
    """Return the rest of a whole in which every report has at most one part."""
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
