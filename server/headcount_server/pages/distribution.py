"""The published totals of one key in one week, in the form that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headcount.v1 import options_pb2

from headcount_server.pages import counts, wording
from headcount_server.pages.chart import Bar, Point, bar
from headcount_server.pages.counts import Count, Share
from headcount_server.pages.language import marked, say
from headcount_server.pages.median import median, ranges
from headcount_server.pages.sorting import newest_first, ordered
from headcount_server.publication.partition import OTHER_RELEASES
from headcount_server.publication.published import PublishedProject
from headcount_server.publication.ranges import KeyRanges, key_ranges
from headcount_server.registry.schema import Key

LONG = 3
"""Number of the median's ranges from which they are no longer listed."""
TOO_FEW, AMONG_OTHERS = "\N{EN DASH}", "\N{MIDDLE DOT}"
"""Cells without a number: withheld, and counted together with other releases."""
HALF = 50.0
"""Share in percent above which bars are drawn to the scale of the whole."""

_OTHER_RELEASES = marked("other releases")
_LIST = options_pb2.KEY_TYPE_LIST
_COUNT = options_pb2.KEY_TYPE_COUNT
_BOOLEAN = options_pb2.KEY_TYPE_BOOLEAN


@dataclass(frozen=True, slots=True)
class Row:
    """One value: the reports that hold it, and their share of the answers."""

    value: str
    """The text under which the value's total is kept."""
    text: str
    """The same text in the form that people read."""
    count: Count
    share: Share
    bar: Bar
    median: bool = False
    """Whether the median answer can be in this range."""

    @property
    def told(self) -> str:
        """The number in words; a value that is too rare has no published number."""
        return str(self.count) if self.count.lower or not self.value else self.count.rare


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a release: its reports, and a bar on the scale of the whole table."""

    text: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class ByRelease:
    """A key's values per release of the project."""

    releases: tuple[str, ...]
    """Newest first; releases that are unknown or not told apart come last."""
    rows: tuple[tuple[str, tuple[Place, ...]], ...]
    """Text of each value with its cells."""
    together: bool
    """Whether releases that a value does not tell apart are counted together."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The published totals of a key in a week."""

    threshold: int
    reports: Count
    """Reports of the project, whether they answer the key or not."""
    answers: Count
    answered: Share
    """Reports that answer the key."""
    rows: tuple[Row, ...]
    rest: Row | None
    """Other, rare or unknown answers; None for a list, whose values overlap."""
    crossing: ByRelease | None
    median: str
    """The range or ranges that can hold the median; empty for other types."""
    full: float
    """The share that a bar of full length stands for."""
    ranges: KeyRanges
    """The bounds from which all figures follow."""


def distribution(key: Key, published: PublishedProject, threshold: int) -> Distribution | None:
    """Return a key's totals; None if too few answered, or if they were taken down."""
    kind = key.declaration.type
    found = key_ranges(published, key.number, threshold, kind)
    if found is None or any(notice.key == key.number for notice in published.retractions):
        return None
    reports = Count.published(published.publication.reports, threshold)
    answers = Count.between(*found.answers)
    sums = {value: Count.between(its.lower, its.upper) for value, its in found.values.items()}
    shares = {value: Share.between(its.least, its.most) for value, its in found.values.items()}
    rest, rest_share = (
        Count.between(found.rest.lower, found.rest.upper),
        Share.between(found.rest.least, found.rest.most),
    )
    middle = _median(key, published, found)
    full = _full([rest_share.upper, *(share.upper for share in shares.values())])
    rows = tuple(
        _row(value, _text(key, value), shares[value], count, full)
        for value, count in ordered(kind, sums.items())
    )
    hidden = say("{hidden}, rare or unknown", hidden=hidden_class(key))
    return Distribution(
        threshold=found.threshold,
        reports=reports,
        answers=answers,
        answered=counts.share(answers, reports),
        rows=tuple(replace(row, median=row.value in middle) for row in rows),
        rest=None
        if kind == _LIST
        else replace(_row("", hidden, rest_share, rest, full), median=_first_range(key) in middle),
        crossing=_crossing(key, published, found, rows),
        median=_told(middle),
        full=full,
        ranges=found,
    )


def hidden_class(key: Key) -> str:
    """Return the words for the answer that is never printed; empty for a list."""
    kind = key.declaration.type
    if kind == _LIST:
        return ""
    if kind == _BOOLEAN:
        return say("No")
    if kind == _COUNT:
        return wording.span(_first_range(key))
    return say("Other")


def _row(value: str, text: str, part: Share, count: Count, full: float) -> Row:
    drawn = bar(Point(part.lower, part.middle, part.upper), full)
    return Row(value, text, count, part, drawn)


def _full(uppers: Sequence[float]) -> float:
    """Return the share that a bar of full length stands for: all, unless all are small."""
    most = max(uppers, default=0.0)
    return 100.0 if most > HALF else most


def _text(key: Key, value: str) -> str:
    if key.declaration.type == _BOOLEAN:
        return say("Yes")
    if key.declaration.type == _COUNT:
        return wording.span(value)
    return value


def _first_range(key: Key) -> str:
    return ranges(key.declaration.buckets)[0]


def _median(key: Key, published: PublishedProject, found: KeyRanges) -> tuple[str, ...]:
    """Return the ranges that can hold the median; none if it is unknown or the key has none."""
    if key.declaration.type != _COUNT:
        return ()
    names = ranges(key.declaration.buckets)
    cells = {c: n for c, n in published.publication.values.items() if c.key == key.number}
    # A value of several parts withholds more than one rounding explains, and a week from
    # before a change of the ranges has other ranges.
    if not found.whole_values or any(cell.value not in names for cell in cells):
        return ()
    per_range = {cell.value: number for cell, number in cells.items()}
    shown = [per_range.get(name, 0) for name in names]
    low, high = median(shown, found.answers[0], found.threshold)
    return names[low : high + 1]


def _told(middle: Sequence[str]) -> str:
    told = [wording.span(value) for value in middle]
    if not told:
        return ""
    if len(told) == 1:
        return told[0]
    text = marked("{first} or {last}") if len(told) < LONG else marked("between {first} and {last}")
    return say(text, first=told[0], last=told[-1])


def _crossing(
    key: Key, published: PublishedProject, found: KeyRanges, rows: Sequence[Row]
) -> ByRelease | None:
    cells = {
        (cell.value, cell.release): Count.published(number, found.threshold)
        for cell, number in published.publication.values.items()
        if cell.key == key.number
    }
    apart = {
        (value, release)
        for (number, value), releases in published.publication.told_apart.items()
        if number == key.number
        for release in releases
    }
    named = apart or {at for at in cells if at[1]}
    if not named:
        return None
    releases = newest_first({release for _, release in named})
    if apart:
        releases.append(OTHER_RELEASES)
    most = max((count.middle for count in cells.values()), default=0.0)

    def place(value: str, release: str) -> Place:
        count = cells.get((value, release))
        if count is not None:
            return Place(str(count), bar(Point(count.lower, count.middle, count.upper), most))
        together = apart and release != OTHER_RELEASES and (value, release) not in apart
        return Place(AMONG_OTHERS if together else TOO_FEW, None)

    return ByRelease(
        releases=tuple(release or say(_OTHER_RELEASES) for release in releases),
        rows=tuple(
            (row.text, tuple(place(row.value, release) for release in releases))
            for row in rows
            if row.count.lower or any(value == row.value for value, _ in apart)
        ),
        together=bool(apart),
    )
