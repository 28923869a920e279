"""Charts as geometry, in percent of the chart; the templates draw them as SVG.

A bar ends at the middle of a count's range, and a thin line in it runs from the lower to
the upper bound. A trend is a line through the middles within a band. It has a gap at each
week that published nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100.0, 30.0
"""Width and height of a trend, in units of its drawing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar; all lengths are from 0 to 100."""

    length: float
    lower: float
    """Start of the line that shows the range."""
    upper: float


@dataclass(frozen=True, slots=True)
class Trend:
    """Points of polylines and polygons in SVG's notation, one for each stretch without a gap."""

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    """Places of the dots: weeks that stand alone between gaps, and the last week."""
    marks: tuple[float, ...] = ()
    """Weeks with a note by the operator, each of which gets a line from top to bottom."""


@dataclass(frozen=True, slots=True)
class Point:
    """One week's number with its bounds, in units of what is drawn."""

    lower: float
    middle: float
    upper: float


def bar(point: Point, full: float) -> Bar:
    """Return the bar of a number, of which `full` is drawn as the whole length."""

    def scaled(number: float) -> float:
        return round(min(max(100 * number / full, 0.0), 100.0), 2) if full else 0.0

    return Bar(scaled(point.middle), scaled(point.lower), scaled(point.upper))


def trend(
    points: Sequence[Point | None], top: float, marked: Collection[int] = frozenset()
) -> Trend:
    """Return the line through a number's weeks, oldest first; None if nothing was published.

    The weeks at the places `marked` get a line from top to bottom.
    """
    step = WIDTH / max(len(points) - 1, 1)

    def x(index: int) -> float:
        return round(index * step if len(points) > 1 else WIDTH / 2, 2)

    def y(number: float) -> float:
        return round(HEIGHT - HEIGHT * min(number / top, 1.0) if top else HEIGHT, 2)

    lines, bands, dots = [], [], []
    for stretch in stretches(points):
        upper = [f"{x(i)},{y(p.upper)}" for i, p in stretch]
        lower = [f"{x(i)},{y(p.lower)}" for i, p in reversed(stretch)]
        lines.append(" ".join(f"{x(i)},{y(p.middle)}" for i, p in stretch))
        bands.append(" ".join([*upper, *lower]))
        last, point = stretch[-1]
        if len(stretch) == 1 or last == len(points) - 1:
            dots.append((x(last), y(point.middle)))
    return Trend(tuple(lines), tuple(bands), tuple(dots), tuple(map(x, sorted(marked))))


def stretches(points: Sequence[Point | None]) -> list[list[tuple[int, Point]]]:
    """Return the points with their places, one list for each stretch without a gap."""
    stretches: list[list[tuple[int, Point]]] = []
    before = -2
    for index, point in enumerate(points):
        if point is None:
            continue
        if index != before + 1:
            stretches.append([])
        stretches[-1].append((index, point))
        before = index
    return stretches
