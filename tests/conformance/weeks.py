"""ISO weeks, computed by the standard library's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from conformance.cases import Source, at

WEEKS = Source(
    "weeks",
    "A week is an ISO 8601 week in UTC, Monday 00:00 to the next, and belongs to the year of"
    " its Thursday. Reports of one week are counted once, so all clients must cut time alike.",
    {
        "week": "given seconds (unix, UTC, maybe with a fraction): the week's name, and its start"
        " and end in seconds",
        "week_named": "given week: its start and end in seconds, or null if it names no week",
    },
)


def _bounds(year: int, week: int) -> dict[str, int]:
    monday = date.fromisocalendar(year, week, 1)
    start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
    return {
        "start": int(start.timestamp()),
        "end": int((start + timedelta(weeks=1)).timestamp()),
    }


def _week(name: str, seconds: float, why: str) -> None:
    year, week, _day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isocalendar()
    expect = {"week": f"{year:04d}-W{week:02d}", **_bounds(year, week)}
    WEEKS.add(name, "week", {"seconds": seconds}, expect, why)


_week("monday-begins", at("2026-11-16 00:00:00"), "Monday 00:00 is the first second of a week.")
_week("sunday-ends", at("2026-11-15 23:59:59"), "Sunday 23:59:59 is the last second of a week.")
_week(
    "fraction",
    at("2026-11-15 23:59:59") + 0.999,
    "A fraction of a second belongs to its second, and is not rounded up into the next week.",
)
_week("thursday", at("2026-11-19 12:00:00"), "The middle of a week.")
_week("epoch", 0, "1 January 1970 is a Thursday, so the first week began in 1969.")
_week("before-epoch", -1, "A clock that stands before 1970 rounds down, not towards zero.")
_week("beyond-32-bits", 2**31, "Seconds are not cut to 32 bits.")
for _day, _why in {
    "2016-01-03": "a Sunday of the last week of 2015, which has 53",
    "2018-12-31": "a Monday in December whose week belongs to the next year",
    "2020-12-31": "a Thursday, so its week is week 53",
    "2021-01-01": "a Friday of week 53 of the year before",
    "2021-01-03": "the Sunday of week 53 of the year before",
    "2021-01-04": "the first Monday is week 1 if it is 4 January",
    "2012-01-01": "a Sunday of week 52 of a year that has no 53",
    "2024-12-30": "a Monday in December of week 1 of the next year",
    "2027-01-01": "a Friday of week 53 of 2026",
    "2027-01-04": "the Monday after week 53",
    "2000-02-29": "a leap day of a century's year",
    "2100-03-01": "2100 is no leap year",
}.items():
    _week(f"day-{_day}", at(f"{_day} 12:00"), f"{_day} is {_why}.")

for _name in ("1970-W01", "2015-W53", "2020-W53", "2026-W01", "2026-W47", "2026-W53", "2100-W09"):
    _year, _number = map(int, _name.split("-W"))
    WEEKS.add(
        f"named-{_name}",
        "week_named",
        {"week": _name},
        _bounds(_year, _number),
        f"{_name} is a week, and its name leads back to its bounds.",
    )
for _name, _why in {
    "2025-W53": "2025 has 52 weeks",
    "2026-W54": "no year has 54 weeks",
    "2026-W00": "weeks are counted from 1",
    "2026-W1": "the number has two digits",
    "2026-w47": "the letter is a capital",
    "2026W47": "the hyphen is part of the name",
    " 2026-W47": "blanks are no part of a name",
    "2026-W47\n": "a line feed is no part of a name",
    "12026-W01": "the year has four digits",
    "2026-W4\uff17": "digits are those of ASCII",
    "2026-11-16": "a date is no week",
    "": "nothing names no week",
}.items():
    WEEKS.add(
        f"unnamed-{len(WEEKS.cases)}",
        "week_named",
        {"week": _name},
        None,
        f"{_name!r} names no week: {_why}. A server may name anything.",
    )
