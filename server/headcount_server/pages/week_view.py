"""The page of one week: what it says, and what certainly changed since earlier weeks.

It depends on this week and earlier ones alone, so a cited page never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headcount_server.pages import movement, wording
from headcount_server.pages.answer import Answer, answer
from headcount_server.pages.counts import Count
from headcount_server.pages.coverage import covered
from headcount_server.pages.distribution import Distribution, distribution
from headcount_server.pages.history import reports
from headcount_server.pages.movement import Earlier, Moved
from headcount_server.pages.standing import YEAR, find
from headcount_server.publication.published import PublishedWeek, Retraction
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

MOST_ROWS = 12
"""Most answers of a question on the page; the files have all."""
MOST_MOVED = 20
"""Most changes of a project on the page; it shows the largest ones."""

Known = tuple[Project, Mapping[str, Key]]
"""A project, and its keys that have a page, by name."""


@dataclass(frozen=True, slots=True)
class Told:
    """A question in the week."""

    name: str
    label: str
    found: Distribution
    answer: Answer


@dataclass(frozen=True, slots=True)
class Since:
    """The certain changes since an earlier week."""

    week: Week
    moved: tuple[tuple[str, str, Moved], ...]
    """Name and label of the question with each change, the largest first."""
    more: int
    """Number of changes that are not shown."""


@dataclass(frozen=True, slots=True)
class ProjectWeek:
    """A project in the week."""

    name: str
    title: str
    reports: Count | None
    told: tuple[str, ...]
    covered: str
    digests: tuple[str, ...]
    """Digests of the registries that the week was tallied under."""
    questions: tuple[Told, ...]
    since: tuple[Since, ...]
    retractions: tuple[Retraction, ...]


@dataclass(frozen=True, slots=True)
class WeekView:
    """One published week of all projects."""

    week: Week
    threshold: int
    note: str
    before: Week | None
    """The published week before it; None if there is none."""
    projects: tuple[ProjectWeek, ...]


def week_view(known: Iterable[Known], weeks: Sequence[PublishedWeek]) -> WeekView:
    """Return the last of these weeks, which are oldest first; there must be at least one."""
    last = weeks[-1]
    return WeekView(
        week=last.week,
        threshold=last.threshold,
        note=last.annotation,
        before=weeks[-2].week if len(weeks) > 1 else None,
        projects=tuple(_project(project, keys, weeks) for project, keys in known),
    )


def _project(
    project: Project, keys: Mapping[str, Key], weeks: Sequence[PublishedWeek]
) -> ProjectWeek:
    counted = reports(weeks, project.name)
    asked = sorted(keys.values(), key=lambda key: (wording.label(key).casefold(), key.number))
    now = {key.number: found for key in asked if (found := _found(weeks[-1], project, key))}
    year = _at(weeks, weeks[-1].week.back(YEAR))
    published = find(weeks[-1], project.name)
    return ProjectWeek(
        name=project.name,
        title=wording.title(project),
        reports=counted.counts[-1] if counted.counts else None,
        told=counted.told,
        covered=covered(weeks[-1:], project.name, weeks[-1].week),
        digests=published.digests if published else (),
        questions=tuple(
            _told(project, key, now[key.number], year) for key in asked if key.number in now
        ),
        since=tuple(
            since
            for week in (_at(weeks, weeks[-1].week.previous()), year)
            if week and find(week, project.name)
            for since in [_since(project, asked, now, week)]
        ),
        retractions=published.retractions if published else (),
    )


def _told(project: Project, key: Key, found: Distribution, year: PublishedWeek | None) -> Told:
    then = _found(year, project, key) if year else None
    earlier = Earlier(year.week, then) if year and then else None
    return Told(key.name, wording.label(key), found, answer(key, found, earlier))


def _since(
    project: Project, keys: Iterable[Key], now: Mapping[int, Distribution], week: PublishedWeek
) -> Since:
    moved = sorted(_moved(project, keys, now, week), key=lambda each: -each[2].certain)
    return Since(week.week, tuple(moved[:MOST_MOVED]), max(0, len(moved) - MOST_MOVED))


def _moved(
    project: Project, keys: Iterable[Key], now: Mapping[int, Distribution], week: PublishedWeek
) -> Iterator[tuple[str, str, Moved]]:
    for key in keys:
        then = _found(week, project, key) if key.number in now else None
        for each in movement.moved(then, now[key.number]) if then else ():
            yield key.name, wording.label(key), each


def _found(week: PublishedWeek, project: Project, key: Key) -> Distribution | None:
    published = find(week, project.name)
    return distribution(key, published, week.threshold) if published else None


def _at(weeks: Sequence[PublishedWeek], week: Week) -> PublishedWeek | None:
    return next((each for each in weeks if each.week == week), None)
