"""A week: ISO 8601, Monday 00:00 UTC to the next."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


class Week(NamedTuple):
    """One ISO 8601 week, such as `2026-W53`; ordered by time.

    A tuple, because each report looks up its week several times, and a tuple's hash is cheap.
    """

    year: int
    """ISO year, which differs from the calendar's around New Year."""
    number: int
    """Week of that year, 1 to 52 or 53."""

    @classmethod
    def of(cls, moment: datetime) -> Week:
        """Return the week of a moment, which must have a time zone."""
        year, number, _ = moment.astimezone(UTC).isocalendar()
        return cls(year, number)

    @staticmethod
    @lru_cache(maxsize=16)  # reports name the same few
    def parse(text: str) -> Week:
        """Return the week written as `YYYY-Www`. Raises ValueError if there is no such week."""
        match = _WEEK.fullmatch(text)
        if match is None:
            msg = "not an ISO 8601 week such as 2026-W47"
            raise ValueError(msg)
        week = Week(int(match[1]), int(match[2]))
        try:
            date.fromisocalendar(week.year, week.number, 1)
        except ValueError:
            msg = "no such week"
            raise ValueError(msg) from None
        return week

    @property
    def start(self) -> datetime:
        """Monday 00:00 UTC."""
        monday = date.fromisocalendar(self.year, self.number, 1)
        return datetime.combine(monday, time(), UTC)

    @property
    def end(self) -> datetime:
        """The next Monday, 00:00 UTC, which is no longer part of the week."""
        return self.start + timedelta(weeks=1)

    def previous(self) -> Week:
        """Return the week before."""
        return Week.of(self.start - timedelta(weeks=1))

    def next(self) -> Week:
        """Return the week after."""
        return Week.of(self.end)

    def back(self, weeks: int) -> Week:
        """Return the week so many weeks before."""
        return Week.of(self.start - timedelta(weeks=weeks))

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"
