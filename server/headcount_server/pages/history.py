"""The course of published totals over the weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headcount_server.pages import wording
from headcount_server.pages.chart import Point, Trend, trend
from headcount_server.pages.counts import Count, Share
from headcount_server.pages.distribution import Distribution, Row, distribution
from headcount_server.pages.language import marked, say
from headcount_server.pages.sorting import ordered
from headcount_server.pages.standing import find
from headcount_server.pages.timeline import full
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.registry.schema import Key
from headcount_server.week import Week

MAX_SERIES = 12
"""Most values that get a chart; the tables and files have all."""


@dataclass(frozen=True, slots=True)
class Note:
    """The operator's note about a week, or about a key's totals in that week."""

    week: Week
    text: str


@dataclass(frozen=True, slots=True)
class Reports:
    """The number of installations of a project that reported, week by week."""

    weeks: tuple[Week, ...]
    """Oldest first."""
    counts: tuple[Count | None, ...]
    """None if fewer than the threshold reported."""
    trend: Trend
    top: Count | None
    """The largest count, which is the height of the chart."""

    told: tuple[str, ...]
    """Sentences about the last weeks."""

    @property
    def latest(self) -> Count | None:
        """The last published number; None if there is none."""
        place = self._place
        return None if place is None else self.counts[place]

    @property
    def week(self) -> Week | None:
        """The week of the last published number; None if there is none."""
        place = self._place
        return None if place is None else self.weeks[place]

    @property
    def _place(self) -> int | None:
        return next((i for i in reversed(range(len(self.counts))) if self.counts[i]), None)


@dataclass(frozen=True, slots=True)
class Series:
    """The share of one value over the weeks."""

    text: str
    shares: tuple[Share | None, ...]
    trend: Trend

    @property
    def begins(self) -> int:
        """Place of the first published share, which always exists."""
        return next(i for i, share in enumerate(self.shares) if share is not None)

    @property
    def first(self) -> Share | None:
        """The first published share."""
        return self.shares[self.begins]

    @property
    def last(self) -> Share | None:
        """The last week's share; None if it was not published."""
        return self.shares[-1]


@dataclass(frozen=True, slots=True)
class History:
    """The course of a key's values over the weeks."""

    weeks: tuple[Week, ...]
    """Oldest first."""
    answers: tuple[Count | None, ...]
    """Answers in each week; None if fewer than the threshold answered."""
    series: tuple[Series, ...]
    """The most frequent values, in their usual order."""
    top: float
    """Height of the charts, in percent."""
    left_out: int
    """Number of values without a chart."""
    found: tuple[Distribution | None, ...]
    """The totals of each week."""


def reports(weeks: Sequence[PublishedWeek], project: str) -> Reports:
    """Return the number of reports in these weeks, oldest first."""
    weeks = _since_first(weeks, project)
    counts = []
    for week in weeks:
        found = find(week, project)
        reported = found.publication.reports if found else 0
        counts.append(Count.published(reported, week.threshold) if reported else None)
    top = max((c for c in counts if c is not None), key=lambda c: c.upper, default=None)
    points = [Point(c.lower, c.middle, c.upper) if c else None for c in counts]
    marked = {place for place, week in enumerate(weeks) if week.annotation}
    drawn = trend(points, 1.1 * top.upper if top else 1.0, marked)
    told = tuple(_told(weeks, counts))
    return Reports(tuple(week.week for week in weeks), tuple(counts), drawn, top, told)


def _told(weeks: Sequence[PublishedWeek], counts: Sequence[Count | None]) -> Iterator[str]:
    """Say whether the last week certainly has fewer or more reports than the week before."""
    numbers = [pair for pair in zip(weeks, counts, strict=True) if pair[1]]
    if not numbers:
        return
    last, note = weeks[-1], weeks[-1].annotation
    explained = (
        say("Note of the operator: “{note}”", note=note)
        if note
        else say("The operator has left no note.")
    )
    if counts[-1] is None:
        text = marked("Fewer than {threshold} installations reported in {week}.")
        yield say(text, threshold=last.threshold, week=last.week)
        yield explained
        return
    for week, count in numbers[-2:-1]:
        if count and count.lower > counts[-1].upper:
            text = marked("These are fewer for certain than the {number} of {week}.")
            yield say(text, number=count, week=week.week)
            yield explained
        elif count and count.upper < counts[-1].lower:
            text = marked("These are more for certain than the {number} of {week}.")
            yield say(text, number=count, week=week.week)
        else:
            text = marked(
                "Whether they are fewer or more than the {number} of {week} cannot be told."
            )
            yield say(text, number=count, week=week.week)


def history(weeks: Sequence[PublishedWeek], project: str, key: Key) -> History:
    """Return the course of a key's values in these weeks, oldest first."""
    weeks = _since_first(weeks, project)
    found = [_distribution(week, project, key) for week in weeks]
    rows = [{row.value: row for row in each.rows} if each else {} for each in found]
    drawn, left_out = _drawn(key, rows)
    shares = {
        value: tuple(by_value[value].share if value in by_value else None for by_value in rows)
        for value in drawn
    }
    top = full(shares.values())
    return History(
        weeks=tuple(week.week for week in weeks),
        answers=tuple(each.answers if each else None for each in found),
        series=tuple(
            Series(text, line, trend([_point(share) for share in line], top))
            for (value, line), text in zip(shares.items(), drawn.values(), strict=True)
        ),
        top=top,
        left_out=left_out,
        found=tuple(found),
    )


def remarks(weeks: Sequence[PublishedWeek]) -> tuple[Note, ...]:
    """Return the operator's notes about these weeks, newest first."""
    return tuple(Note(week.week, week.annotation) for week in reversed(weeks) if week.annotation)


def retractions(
    weeks: Sequence[PublishedWeek], project: str
) -> tuple[tuple[Week, Retraction], ...]:
    """Return the retractions of a project in these weeks, newest first."""
    return tuple(
        (week.week, notice)
        for week in reversed(weeks)
        if (found := find(week, project)) is not None
        for notice in found.retractions
    )


def alt(text: str, numbers: Sequence[Count | Share | None], weeks: Sequence[Week]) -> str:
    """Return a chart in words, for people who cannot see it."""
    told = [
        (number, week) for number, week in zip(numbers, weeks, strict=True) if number is not None
    ]
    if not told:
        return say("{subject}: nothing published.", subject=text)
    (first, since), (last, until) = told[0], told[-1]
    if since == until:
        one = marked("{subject}: {number} in the week of {days}.")
        return say(one, subject=text, number=last, days=wording.week(until))
    both = marked("{subject}: from {first} in {since} to {last} in {until}.")
    return say(both, subject=text, first=first, since=since, last=last, until=until)


def _since_first(weeks: Sequence[PublishedWeek], project: str) -> Sequence[PublishedWeek]:
    """Return the weeks from the first on that published something of the project."""
    first = next((i for i, week in enumerate(weeks) if find(week, project)), len(weeks))
    return weeks[first:]


def _distribution(week: PublishedWeek, project: str, key: Key) -> Distribution | None:
    found = find(week, project)
    return distribution(key, found, week.threshold) if found else None


def _drawn(key: Key, weeks: Sequence[Mapping[str, Row]]) -> tuple[dict[str, str], int]:
    """Return the most frequent values with their texts, and the number of other values."""
    total: Counter[str] = Counter()
    texts = {}
    for rows in weeks:
        for value, row in rows.items():
            if row.count.lower:
                total[value] += row.count.lower
                texts[value] = row.text
    # Sums of weeks serve to choose and sort alone; they are never shown.
    chosen = total.most_common(MAX_SERIES)
    in_order = ordered(key.declaration.type, ((v, Count(n, n, float(n))) for v, n in chosen))
    return {value: texts[value] for value, _ in in_order}, len(total) - len(chosen)


def _point(share: Share | None) -> Point | None:
    return Point(share.lower, share.middle, share.upper) if share else None
