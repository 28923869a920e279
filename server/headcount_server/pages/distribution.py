"""The published totals of one key in one week, as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from headcount.v1 import options_pb2

from headcount_server.counting.tally import Cell
from headcount_server.pages import counts, wording
from headcount_server.pages.chart import Bar, Point, bar
from headcount_server.pages.counts import Count, Share
from headcount_server.pages.median import median, ranges
from headcount_server.pages.sorting import newest_first, ordered
from headcount_server.publication.published import PublishedProject
from headcount_server.registry.schema import Key

LONG = 3
"""From this many ranges on, the ranges of the median are not listed."""
HALF = 50.0
"""If a bar is longer than this, bars are drawn to the scale of the whole."""

_LIST = options_pb2.KEY_TYPE_LIST
_COUNT = options_pb2.KEY_TYPE_COUNT
_BOOLEAN = options_pb2.KEY_TYPE_BOOLEAN


@dataclass(frozen=True, slots=True)
class Row:
    """One value: how many reports, and their share of the answers."""

    value: str
    """The text under which the value's total is kept."""
    text: str
    """The same as people read it."""
    count: Count
    share: Share
    bar: Bar
    median: bool = False
    """Whether the median answer can lie here."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a release: how many reports, and a bar on the scale of the whole table."""

    count: Count
    bar: Bar


@dataclass(frozen=True, slots=True)
class Crossing:
    """A key's values per release of the project."""

    releases: tuple[str, ...]
    """Newest first, `other` at the end."""
    rows: tuple[tuple[str, tuple[Place | None, ...]], ...]
    """Text of a value with its cells; None if fewer than the threshold reported it."""


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
    """Other, rare or unknown; None for a list, whose values overlap."""
    crossing: Crossing | None
    median: str
    """The range or ranges that the median can lie in; empty for other types."""
    full: float
    """The share that a bar of full length stands for."""


def distribution(key: Key, published: PublishedProject, threshold: int) -> Distribution | None:
    """A key's totals; None if fewer than the threshold answered, or they were taken down."""
    publication = published.publication
    number = publication.answers.get(key.number)
    if number is None or any(notice.key == key.number for notice in published.retractions):
        return None
    reports = Count.published(publication.reports, threshold)
    answers = Count.published(number, threshold)
    cells = {cell: n for cell, n in publication.values.items() if cell.key == key.number}
    kind = key.declaration.type
    margins = ordered(kind, _margins(cells, answers, threshold, overlapping=kind == _LIST))
    middle = _median(key, cells, number, threshold)
    rest = counts.rest(answers, (count for _, count in margins))
    full = _full([counts.share(count, answers).upper for _, count in [("", rest), *margins]])
    rows = tuple(
        _row(value, _text(key, value), counts.share(count, answers), count, full)
        for value, count in margins
    )
    hidden = f"{hidden_class(key)}, rare or unknown"
    return Distribution(
        threshold=threshold,
        reports=reports,
        answers=answers,
        answered=counts.share(answers, reports),
        rows=tuple(replace(row, median=row.value in middle) for row in rows),
        rest=None
        if kind == _LIST
        else replace(
            _row("", hidden, counts.share(rest, answers), rest, full),
            median=_first_range(key) in middle,
        ),
        crossing=_crossing(key, cells, margins, threshold),
        median=_told(middle),
        full=full,
    )


def hidden_class(key: Key) -> str:
    """Return the words for the answer that is never printed; empty for a list."""
    kind = key.declaration.type
    if kind == _LIST:
        return ""
    if kind == _BOOLEAN:
        return "No"
    if kind == _COUNT:
        return wording.span(_first_range(key))
    return "Other"


def _margins(
    cells: Mapping[Cell, int], answers: Count, threshold: int, *, overlapping: bool
) -> list[tuple[str, Count]]:
    parts: dict[str, list[Count]] = {}
    crossed = {cell.value for cell in cells if cell.release}
    for cell, number in cells.items():
        parts.setdefault(cell.value, []).append(Count.published(number, threshold))
    lower = {value: sum(part.lower for part in counted) for value, counted in parts.items()}
    taken = 0 if overlapping else sum(lower.values())
    margins = []
    for value, counted in parts.items():
        others = 0 if overlapping else taken - lower[value]
        bound = Count(answers.lower - others, answers.upper - others, 0.0)
        total = counts.added(counted, bound) if value in crossed else counted[0]
        margins.append((value, total))
    return margins


def _row(value: str, text: str, part: Share, count: Count, full: float) -> Row:
    drawn = bar(Point(part.lower, part.middle, part.upper), full)
    return Row(value, text, count, part, drawn)


def _full(uppers: Sequence[float]) -> float:
    """Return the share that a bar of full length stands for: all, unless all are small."""
    most = max(uppers, default=0.0)
    return 100.0 if most > HALF else most


def _text(key: Key, value: str) -> str:
    if key.declaration.type == _BOOLEAN:
        return "Yes"
    if key.declaration.type == _COUNT:
        return wording.span(value)
    return value


def _first_range(key: Key) -> str:
    return ranges(key.declaration.buckets)[0]


def _median(key: Key, cells: Mapping[Cell, int], answers: int, threshold: int) -> tuple[str, ...]:
    """Return the ranges that the median can lie in; none if the key has none."""
    if key.declaration.type != _COUNT:
        return ()
    names = ranges(key.declaration.buckets)
    # A key that is counted per release withholds more than one rounding explains,
    # and a week from before a change of the ranges has others.
    if any(cell.release or cell.value not in names for cell in cells):
        return ()
    per_range = {cell.value: number for cell, number in cells.items()}
    low, high = median([per_range.get(name, 0) for name in names], answers, threshold)
    return names[low : high + 1]


def _told(middle: Sequence[str]) -> str:
    told = [wording.span(value) for value in middle]
    return " or ".join(told) if len(told) < LONG else f"between {told[0]} and {told[-1]}"


def _crossing(
    key: Key, cells: Mapping[Cell, int], margins: Sequence[tuple[str, Count]], threshold: int
) -> Crossing | None:
    crossed = {
        (cell.value, cell.release): Count.published(number, threshold)
        for cell, number in cells.items()
        if cell.release
    }
    if not crossed:
        return None
    releases = newest_first({release for _, release in crossed})
    most = max(count.middle for count in crossed.values())

    def place(value: str, release: str) -> Place | None:
        count = crossed.get((value, release))
        if count is None:
            return None
        return Place(count, bar(Point(count.lower, count.middle, count.upper), most))

    return Crossing(
        releases=tuple(releases),
        rows=tuple(
            (_text(key, value), tuple(place(value, release) for release in releases))
            for value, _ in margins
        ),
    )
