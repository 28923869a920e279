"""Counts and shares as ranges, whose bounds come from `publication.ranges`.

A number computed from rounded counts is a range too, and here it always contains the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from headcount_server.pages.language import grouped, percentage, say

DASH = "\N{EN DASH}"
WIDE = 1.0
"""Width in percentage points from which a share's bounds are printed in whole points."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of reports: at least `lower`, at most `upper`, drawn at `middle`."""

    lower: int
    upper: int
    middle: float
    bounded: bool = True
    """Whether `upper` is a bound; if not, there is none, and `upper` is as large as `lower`."""

    @classmethod
    def published(cls, number: int, threshold: int) -> Count:
        """Return the range behind a published number, which is a multiple of the threshold."""
        return cls.between(number, number + threshold - 1)

    @classmethod
    def between(cls, lower: int, upper: int | None) -> Count:
        """Return a count within bounds; `upper` is None if there is no upper bound."""
        most = lower if upper is None else upper
        return cls(lower, most, (lower + most) / 2, upper is not None)

    @property
    def rare(self) -> str:
        """The words for the number if it is too small to be published."""
        if not self.upper:
            return say("none")
        return say("fewer than {number}", number=grouped(self.upper + 1))

    def __str__(self) -> str:
        if not self.bounded:
            return say("at least {number}", number=grouped(self.lower))
        if self.lower == self.upper:
            return grouped(self.lower)
        return f"{grouped(self.lower)}{DASH}{grouped(self.upper)}"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole in percent: at least `lower`, at most `upper`, drawn at `middle`."""

    lower: float
    upper: float
    middle: float
    bounded: bool = True
    """Whether `upper` is a bound; if not, there is none, and `upper` is as large as `lower`."""

    @classmethod
    def between(cls, lower: float, upper: float | None) -> Share:
        """Return a share within bounds; `upper` is None if there is no upper bound."""
        most = lower if upper is None else upper
        return cls(lower, most, (lower + most) / 2, upper is not None)

    def __str__(self) -> str:
        # Rounded outwards, so that the printed range still contains the truth.
        digits = 0 if self.upper - self.lower >= WIDE else 1
        lower, upper = _down(self.lower, digits), _up(self.upper, digits)
        if not self.bounded:
            return say("at least {number}", number=percentage(f"{lower:.{digits}f}"))
        if not self.lower and self.upper:
            return say("at most {number}", number=percentage(f"{upper:.{digits}f}"))
        if lower == upper:
            return percentage(f"{lower:.{digits}f}")
        return percentage(f"{lower:.{digits}f}{DASH}{upper:.{digits}f}")


def share(part: Count, whole: Count) -> Share:
    """Return the share of `part` in `whole`; the part is never larger than the whole."""
    lower = 100 * part.lower / max(whole.upper, 1)
    upper = min(100.0, 100 * part.upper / max(whole.lower, 1))
    middle = 100 * part.middle / max(whole.middle, 1)
    return Share(lower, upper, min(max(middle, lower), upper))


def _down(number: float, digits: int) -> float:
    scale = float(10**digits)
    # An error of floating point must not cost a whole point.
    return float(math.floor(round(number * scale, 6)) / scale)


def _up(number: float, digits: int) -> float:
    scale = float(10**digits)
    return float(math.ceil(round(number * scale, 6)) / scale)
