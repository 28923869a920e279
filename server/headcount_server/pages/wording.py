"""The words for declarations and weeks."""

from __future__ import annotations

import re
from datetime import date, timedelta

from headcount.v1 import options_pb2

from headcount_server.counting.answers import MAX_TEXT
from headcount_server.pages.counts import DASH
from headcount_server.pages.median import ranges
from headcount_server.quantity import quantity
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

LEVELS = {
    options_pb2.LEVEL_BASIC: "technical facts",
    options_pb2.LEVEL_EXTENDED: "how the software is used",
}
"""Name of each consent level."""
MODES = {
    options_pb2.CONSENT_MODE_ASK_FIRST: "Nothing is sent until a person says yes.",
    options_pb2.CONSENT_MODE_ON_AFTER_NOTICE: (
        "Reports begin 24 hours after a clear notice was shown, and stop when a person says no."
    ),
}
"""Meaning of each consent mode."""

RENAMED, RETIRED = options_pb2.CHANGE_KIND_RENAMED, options_pb2.CHANGE_KIND_RETIRED

_DIGITS = re.compile(r"[0-9]+")
_SENT = {
    options_pb2.KEY_TYPE_BOOLEAN: "Yes or no.",
    options_pb2.KEY_TYPE_CHOICE: "One of the values below; anything else as “other”.",
    options_pb2.KEY_TYPE_VERSION: "A version number, cut to its first {precision}.",
    options_pb2.KEY_TYPE_PRODUCT: (
        "One of the products below, with its version cut to the first {precision}; any other"
        " product as “other”."
    ),
    options_pb2.KEY_TYPE_COUNT: "The range that the number falls into, never the number itself.",
    options_pb2.KEY_TYPE_LIST: (
        "Any of the values below that apply, at most {items}; anything else as “other”, without"
        " its name."
    ),
    options_pb2.KEY_TYPE_TEXT: "Free text of at most {characters} characters, unchanged.",
}
_CATALOGUE = (
    "Any of {catalogue} published names that apply, at most {items}; anything else as “other”,"
    " without its name."
)


def title(project: Project) -> str:
    """Return a project's name in the form that people read."""
    return project.declaration.title or project.name


def label(key: Key) -> str:
    """Return a key's name in the form that people read."""
    return key.declaration.label or key.name


def sent(key: Key) -> str:
    """Return a sentence on what a report says about a key."""
    declared = key.declaration
    phrase = _CATALOGUE if key.catalogue else _SENT[declared.type]
    parts = "part" if declared.precision == 1 else f"{declared.precision} parts"
    return phrase.format(
        precision=parts,
        items=declared.max_items,
        characters=MAX_TEXT,
        catalogue=f"{len(key.catalogue):,}",
    )


def values(key: Key) -> tuple[str, ...]:
    """Return the values or ranges that a key names; none if it has no short closed set."""
    if key.declaration.buckets:
        return tuple(map(span, ranges(key.declaration.buckets)))
    return tuple(key.values.values())


def span(text: str) -> str:
    """Return a range of numbers, such as `1000-9999`, in the form that people read."""
    return _DIGITS.sub(lambda found: f"{int(found[0]):,}", text).replace("-", DASH)


def week(of: Week) -> str:
    """Return the days of a week, such as `9–15 November 2026`."""
    first, last = of.start.date(), (of.end - timedelta(days=1)).date()
    if first.year != last.year:
        return f"{_day(first)} {first.year} {DASH} {_day(last)} {last.year}"
    if first.month != last.month:
        return f"{_day(first)} {DASH} {_day(last)} {last.year}"
    return f"{first.day}{DASH}{_day(last)} {last.year}"


def day(text: str) -> str:
    """Return an ISO 8601 day in words, such as `9 November 2026`, and any other text unchanged."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{_day(found)} {found.year}"


def hours(span: timedelta) -> str:
    """Return a span of time in words, such as `48 hours` or `90 minutes`."""
    minutes = round(span / timedelta(minutes=1))
    if minutes % 60:
        return quantity(minutes, "minute")
    return quantity(minutes // 60, "hour")


MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _day(day: date) -> str:
    # strftime() would follow the server's locale.
    return f"{day.day} {MONTHS[day.month - 1]}"
