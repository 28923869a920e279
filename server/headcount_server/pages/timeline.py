"""The large chart of a question: shares over weeks, with a scale, months and marks.

The geometry is in units of the drawing, and a template draws it as SVG. A line runs through
the middles of the ranges, and its band shows the ranges. Nothing is smoothed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from headcount_server.pages import wording
from headcount_server.pages.chart import Point, stretches
from headcount_server.pages.counts import Share
from headcount_server.pages.language import percentage, say
from headcount_server.week import Week

WIDTH, HEIGHT = 900, 340
LEFT, RIGHT, TOP, BOTTOM = 46, 220, 26, 300
"""Edges of the plot in the drawing, the right one counted from the right: there are the names."""
MAX_LINES = 6
"""Most lines in one drawing; each has a color and a dash of its own."""
MAX_POINTS = 106
"""Most weeks that are drawn one by one, two years; of more weeks, the last of each month is
drawn."""

_APART = 17.0
"""Smallest distance between two labels."""
_SCALES = {1: 0.5, 2: 0.5, 5: 1, 10: 2, 20: 5, 30: 10, 40: 10, 50: 10, 60: 20, 80: 20, 100: 20}
"""Heights of drawings in percent, with the distance between two lines of their scale."""
_MONTHS_APART = 42.0
_NAMES_APART = 34.0


@dataclass(frozen=True, slots=True)
class Line:
    """One value over the weeks."""

    text: str
    last: str
    """Its share in the last week that has any."""
    label: float
    """Height of the text and the share."""
    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    """Weeks that stand alone between gaps."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, with its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A week as a place to point at."""

    left: float
    width: float
    text: str
    silent: bool
    """Whether too few answered for a number."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The drawing of one span of time."""

    name: str
    """Name of the span, such as `1 year`."""
    since: Week
    until: Week
    lines: tuple[Line, ...]
    scale: tuple[Tick, ...]
    months: tuple[Tick, ...]
    columns: tuple[Column, ...]
    notes: tuple[Tick, ...]
    """Weeks with a note by the operator."""
    releases: tuple[Tick, ...]
    """Weeks in which a release of the project was published for the first time."""
    monthly: bool
    """Whether the last week of each month stands for the month."""
    right: int = WIDTH - RIGHT
    """Where the lines end and their names begin."""


@dataclass(frozen=True, slots=True)
class Course:
    """The content of a timeline: the shares of values in weeks, oldest first."""

    weeks: tuple[Week, ...]
    shares: Mapping[str, Sequence[Share | None]]
    silent: Collection[Week] = ()
    noted: Collection[Week] = ()
    releases: Mapping[Week, Sequence[str]] | None = None
    """Releases by the week in which they were published for the first time."""


def spans(course: Course, year: int) -> tuple[Timeline, ...]:
    """Return the drawings of three months, of a year of `year` weeks, and of all weeks."""
    everything = say("all")
    lengths = {say("3 months"): 13, say("1 year"): year, everything: len(course.weeks)}
    before, found = 0, []
    for name, weeks in lengths.items():
        shown = min(weeks, len(course.weeks))
        if shown > before:
            found.append(timeline(everything if shown < weeks else name, _last(course, shown)))
        before = shown
    return tuple(found)


def timeline(name: str, course: Course) -> Timeline:
    """Return the drawing of these weeks, of which there is at least one."""
    monthly = len(course.weeks) > MAX_POINTS
    shown = _by_month(course) if monthly else course
    top = full(shown.shares.values())
    weeks = shown.weeks
    last = next((i for i in reversed(range(len(weeks))) if weeks[i] not in shown.silent), -1)
    lines = [
        _line(text, str(shares[last] or say("no number")), shares, top)
        for text, shares in shown.shares.items()
    ]
    return Timeline(
        name=name,
        since=course.weeks[0],
        until=course.weeks[-1],
        lines=tuple(_spread(lines)),
        scale=tuple(_scale(top)),
        months=tuple(_months(weeks)),
        columns=tuple(_columns(shown)),
        notes=tuple(
            Tick(_x(i, len(weeks)), str(w)) for i, w in enumerate(weeks) if w in course.noted
        ),
        releases=tuple(_releases(shown)),
        monthly=monthly,
    )


def full(shares: Collection[Sequence[Share | None]]) -> float:
    """Return the height of a drawing in percent: a round number above all lines.

    Bands may rise above it, because one thin week would otherwise flatten all lines.
    """
    most = max((s.middle for line in shares for s in line if s), default=0.0)
    return float(next((height for height in _SCALES if height >= most), 100))


def _last(course: Course, number: int) -> Course:
    shares = {text: line[-number:] for text, line in course.shares.items()}
    return replace(course, weeks=course.weeks[-number:], shares=shares)


def _by_month(course: Course) -> Course:
    places = range(len(course.weeks))
    months = groupby(places, key=lambda i: course.weeks[i].start.strftime("%Y%m"))
    kept = [list(month)[-1] for _, month in months]
    return replace(
        course,
        weeks=tuple(course.weeks[i] for i in kept),
        shares={text: [line[i] for i in kept] for text, line in course.shares.items()},
    )


def _x(place: int, weeks: int) -> float:
    width = WIDTH - RIGHT - LEFT
    return round(LEFT + (width * place / (weeks - 1) if weeks > 1 else width / 2), 1)


def _y(share: float, top: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(share / top, 1.0), 1)


def _line(text: str, told: str, shares: Sequence[Share | None], top: float) -> Line:
    points = [Point(s.lower, s.middle, s.upper) if s else None for s in shares]
    weeks = len(points)
    lines, bands, dots = [], [], []
    for stretch in stretches(points):
        upper = [f"{_x(i, weeks)},{_y(p.upper, top)}" for i, p in stretch]
        lower = [f"{_x(i, weeks)},{_y(p.lower, top)}" for i, p in reversed(stretch)]
        bands.append(" ".join([*upper, *lower]))
        lines.append(" ".join(f"{_x(i, weeks)},{_y(p.middle, top)}" for i, p in stretch))
        if len(stretch) == 1:
            dots += [(_x(i, weeks), _y(p.middle, top)) for i, p in stretch]
    known = [share for share in shares if share]
    height = _y(known[-1].middle, top) if known else float(BOTTOM)
    return Line(text, told, height, tuple(lines), tuple(bands), tuple(dots))


def _spread(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines with their labels moved apart, as little as possible."""
    order = sorted(range(len(lines)), key=lambda i: lines[i].label)
    at: dict[int, float] = {}
    last = TOP - _APART
    for i in order:
        last = at[i] = max(lines[i].label, last + _APART)
    limit = float(BOTTOM)
    for i in reversed(order):
        at[i] = min(at[i], limit)
        limit = at[i] - _APART
    for i, line in enumerate(lines):
        yield replace(line, label=round(at[i], 1))


def _scale(top: float) -> Iterator[Tick]:
    step = _SCALES[int(top)]
    for part in range(round(top / step) + 1):
        share = step * part
        yield Tick(_y(share, top), percentage(f"{share:g}"))


def _months(weeks: Sequence[Week]) -> Iterator[Tick]:
    last, month = -_MONTHS_APART, (0, 0)
    for place, week in enumerate(weeks):
        monday = week.start.date()
        now = (monday.year, monday.month)
        if now == month:
            continue
        new_year = now[0] != month[0]
        month, at = now, _x(place, len(weeks))
        if at - last >= _MONTHS_APART:
            name = wording.month_of(monday)
            yield Tick(at, f"{name} {monday.year}" if new_year else name)
            last = at + (_MONTHS_APART / 2 if new_year else 0)


def _columns(course: Course) -> Iterator[Column]:
    weeks = course.weeks
    width = (WIDTH - RIGHT - LEFT) / max(len(weeks) - 1, 1)
    for place, week in enumerate(weeks):
        silent = week in course.silent
        told = [f"{text} {line[place]}" for text, line in course.shares.items() if line[place]]
        text = say("too few answered for a number") if silent else ", ".join(told)
        left = max(float(LEFT), _x(place, len(weeks)) - width / 2)
        right = min(float(WIDTH - RIGHT), _x(place, len(weeks)) + width / 2)
        yield Column(
            round(left, 1), round(right - left, 1), f"{week}, {wording.week(week)}: {text}", silent
        )


def _releases(course: Course) -> Iterator[Tick]:
    """Yield the first weeks of releases; names that would touch others are left out."""
    last = -_NAMES_APART
    found = course.releases or {}
    for place, week in enumerate(course.weeks):
        if week in found:
            at = _x(place, len(course.weeks))
            free = at - last >= _NAMES_APART
            last = at if free else last
            yield Tick(at, ", ".join(found[week]) if free else "")
