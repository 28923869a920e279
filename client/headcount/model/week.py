"""ISO 8601 weeks in UTC, computed from unix seconds alone."""

from __future__ import annotations

from time import gmtime

from headcount.model.frozen import Frozen

DAY = 86_400
"""Seconds in a day."""

WEEK = 7 * DAY
"""Seconds in a week."""

_FIRST_MONDAY = 4 * DAY  # 1970-01-05


class Week(Frozen):
    """A week, Monday 00:00 UTC to the next, numbered from 1970-01-05."""

    index: int

    @classmethod
    def at(cls, seconds: float) -> Week:
        """Return the week that holds a moment (unix seconds)."""
        return cls(index=int((seconds - _FIRST_MONDAY) // WEEK))

    @classmethod
    def named(cls, label: str) -> Week:
        """Return the week that a label such as `2026-W47` names; ValueError if none does."""
        left, right = label[:4], label[6:]
        digits = left + right
        if len(label) != len("2026-W47") or not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"{label!r} is not an ISO week such as 2026-W47")
        year, number = int(left), int(right)
        before = year - 1
        # Days from 1970-01-01 to 4 January, which is always in week 1.
        fourth = before * 365 + before // 4 - before // 100 + before // 400 - 719_162 + 3
        week = cls(index=cls.at(fourth * DAY).index + number - 1)
        if week.label != label:
            raise ValueError(f"{label!r} is not an ISO week such as 2026-W47")
        return week

    @property
    def start(self) -> int:
        """Its first second (unix seconds)."""
        return _FIRST_MONDAY + self.index * WEEK

    @property
    def end(self) -> int:
        """The first second after it, which is the start of the next."""
        return self.start + WEEK

    @property
    def next(self) -> Week:
        """The next week."""
        return Week(index=self.index + 1)

    @property
    def label(self) -> str:
        """Its name, such as `2026-W47`."""
        # A week belongs to the year of its Thursday.
        thursday = gmtime(self.start + 3 * DAY)
        return f"{thursday.tm_year:04d}-W{(thursday.tm_yday - 1) // 7 + 1:02d}"
