"""The words for declarations and weeks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

from headcount.v1 import options_pb2

from headcount_server.counting.answers import MAX_TEXT
from headcount_server.pages.counts import DASH
from headcount_server.pages.language import (
    ENGLISH,
    grouped,
    in_language,
    marked,
    say,
    say_many,
    spoken,
)
from headcount_server.pages.median import ranges
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

LEVELS: dict[int, str] = {
    options_pb2.LEVEL_BASIC: marked("technical facts"),
    options_pb2.LEVEL_EXTENDED: marked("how the software is used"),
}
"""Name of each consent level."""
MODES: dict[int, str] = {
    options_pb2.CONSENT_MODE_ASK_FIRST: marked("Nothing is sent until a person says yes."),
    options_pb2.CONSENT_MODE_ON_AFTER_NOTICE: marked(
        "Reports begin 24 hours after a clear notice was shown, and stop when a person says no."
    ),
}
"""Meaning of each consent mode."""

RENAMED, RETIRED = options_pb2.CHANGE_KIND_RENAMED, options_pb2.CHANGE_KIND_RETIRED

_Translation: TypeAlias = options_pb2.KeyTranslation | options_pb2.ProjectTranslation

_DIGITS = re.compile(r"[0-9]+")
_SENT = {
    options_pb2.KEY_TYPE_BOOLEAN: marked("Yes or no."),
    options_pb2.KEY_TYPE_CHOICE: marked("One of the values below; anything else as “other”."),
    options_pb2.KEY_TYPE_VERSION: marked("A version number, cut to its first {precision}."),
    options_pb2.KEY_TYPE_PRODUCT: marked(
        "One of the products below, with its version cut to the first {precision}; any other"
        " product as “other”."
    ),
    options_pb2.KEY_TYPE_COUNT: marked(
        "The range that the number falls into, never the number itself."
    ),
    options_pb2.KEY_TYPE_LIST: marked(
        "Any of the values below that apply, at most {items}; anything else as “other”, without"
        " its name."
    ),
    options_pb2.KEY_TYPE_TEXT: marked("Free text of at most {characters} characters, unchanged."),
}
_CATALOGUE = marked(
    "Any of {catalogue} published names that apply, at most {items}; anything else as “other”,"
    " without its name."
)


def title(project: Project) -> str:
    """Return a project's name in the form that people read."""
    return about(project, "title") or project.name


def label(key: Key) -> str:
    """Return a key's name in the form that people read."""
    return words(key, "label") or key.name


def level(number: int) -> str:
    """Return the name of a consent level; empty if it has none."""
    return say(LEVELS[number]) if number in LEVELS else ""


def mode(number: int) -> str:
    """Return the meaning of a consent mode; empty if it has none."""
    return say(MODES[number]) if number in MODES else ""


def relay(project: Project) -> str:
    """Return the host of a project's relay; empty if it has none."""
    return urlsplit(project.declaration.relay).netloc


def about(project: Project, name: str) -> str:
    """Return the title or recipient of a project, translated as far as it is declared."""
    declared = project.declaration
    return _in_page(declared.language, getattr(declared, name), name, declared.translations)


def words(key: Key, name: str) -> str:
    """Return a key's label, description or purpose, translated as far as it is declared."""
    declared = key.declaration
    return _in_page(key.language, getattr(declared, name), name, declared.translations)


def _in_page(language: str, text: str, name: str, translations: Iterable[_Translation]) -> str:
    wanted, source = spoken().tag, language or ENGLISH.tag
    if not text or source == wanted:
        return text
    found = next((getattr(each, name) for each in translations if each.language == wanted), "")
    if found:
        return found
    return in_language(source, text)


def sent(key: Key) -> str:
    """Return a sentence on what a report says about a key."""
    declared = key.declaration
    phrase = _CATALOGUE if key.catalogue else _SENT[declared.type]
    return say(
        phrase,
        precision=say_many("part", "{number} parts", declared.precision),
        items=declared.max_items,
        characters=MAX_TEXT,
        catalogue=grouped(len(key.catalogue)),
    )


def values(key: Key) -> tuple[str, ...]:
    """Return the values or ranges that a key names; none if it has no short closed set."""
    if key.declaration.buckets:
        return tuple(map(span, ranges(key.declaration.buckets)))
    return tuple(key.values.values())


def span(text: str) -> str:
    """Return a range of numbers, such as `1000-9999`, in the form that people read."""
    return _DIGITS.sub(lambda found: grouped(int(found[0])), text).replace("-", DASH)


def week(of: Week) -> str:
    """Return the days of a week, such as `9–15 November 2026`."""
    first, last = of.start.date(), (of.end - timedelta(days=1)).date()
    days = {
        "first": first.day, "month": _month(first), "year": first.year,
        "last": last.day, "last_month": _month(last), "last_year": last.year,
    }  # fmt: skip
    if first.year != last.year:
        return say("{first} {month} {year} – {last} {last_month} {last_year}", **days)
    if first.month != last.month:
        return say("{first} {month} – {last} {last_month} {last_year}", **days)
    return say("{first}–{last} {last_month} {last_year}", **days)


def day(text: str) -> str:
    """Return an ISO 8601 day in words, such as `9 November 2026`, and any other text unchanged."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return text
    return say("{day} {month} {year}", day=found.day, month=_month(found), year=found.year)


def hours(span: timedelta) -> str:
    """Return a span of time in words, such as `48 hours` or `90 minutes`."""
    minutes = round(span / timedelta(minutes=1))
    if minutes % 60:
        return say_many("{number} minute", "{number} minutes", minutes)
    return say_many("{number} hour", "{number} hours", minutes // 60)


MONTHS = [
    marked("January"),
    marked("February"),
    marked("March"),
    marked("April"),
    marked("May"),
    marked("June"),
    marked("July"),
    marked("August"),
    marked("September"),
    marked("October"),
    marked("November"),
    marked("December"),
]

SHORT_MONTHS = [
    marked("Jan"),
    marked("Feb"),
    marked("Mar"),
    marked("Apr"),
    marked("May"),
    marked("Jun"),
    marked("Jul"),
    marked("Aug"),
    marked("Sep"),
    marked("Oct"),
    marked("Nov"),
    marked("Dec"),
]


def month_of(day: date) -> str:
    """Return the short name of a month, for axes."""
    return say(SHORT_MONTHS[day.month - 1])


def _month(day: date) -> str:
    # strftime() would follow the server's locale.
    return say(MONTHS[day.month - 1])
