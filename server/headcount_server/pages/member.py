"""The page of one member of a list: its number of installations, and its course over weeks.

A member gets a page in the first week in which it has a number. So no address names a
member that fewer installations than the threshold ever had.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headcount.v1 import options_pb2

from headcount_server.pages import movement
from headcount_server.pages.course import first_weeks
from headcount_server.pages.distribution import Distribution, Row
from headcount_server.pages.history import History
from headcount_server.pages.language import marked, say
from headcount_server.pages.movement import Earlier
from headcount_server.pages.standing import YEAR
from headcount_server.pages.timeline import Course, Timeline, spans
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

_OTHERS = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class MemberWeek:
    """A member in one week; the row is None if nothing is known of it."""

    week: Week
    row: Row | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of a list."""

    text: str
    week: Week
    """The last week in which the question has answers."""
    found: Distribution
    row: Row | None
    """The member in that week; None if nothing is known of it."""
    told: tuple[str, ...]
    timelines: tuple[Timeline, ...]
    weeks: tuple[MemberWeek, ...]
    """Weeks of the last year, oldest first."""


def published(weeks: Iterable[PublishedWeek]) -> Mapping[tuple[str, int], frozenset[str]]:
    """Return the members that have had a number, by project and number of the key."""
    found: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for week in weeks:
        for project in week.projects:
            taken = {notice.key for notice in project.retractions}
            for cell in project.publication.values:
                if cell.key not in taken:
                    found[project.name, cell.key].add(cell.value)
    return {at: frozenset(members) for at, members in found.items()}


def places(key: Key, members: Iterable[str]) -> Mapping[str, str]:
    """Return the last part of the address of each member of a list; none for other keys.

    Members that would share an address have none.
    """
    if key.declaration.type != options_pb2.KEY_TYPE_LIST:
        return {}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for member in members:
        place = _OTHERS.sub("-", member).strip("-")
        found[place].append(member)
    return {its[0]: place for place, its in sorted(found.items()) if place and len(its) == 1}


def member_view(
    project: Project,
    past: History,
    weeks: Sequence[PublishedWeek],
    member: str,
    year: int,
) -> MemberView:
    """Return the view of a list's member that has had a number in these weeks, oldest first.

    `past` is the history of the key in these weeks, and `year` the number of weeks in a year.
    """
    rows = [_row(found, member) for found in past.found]
    last = next(i for i in reversed(range(len(rows))) if past.found[i])
    shown = past.found[last]
    assert shown is not None  # noqa: S101 - the week at `last` has answers
    row, share = rows[last], [row.share if row else None for row in rows]
    course = Course(
        weeks=past.weeks,
        shares={member: share},
        silent=[w for w, found in zip(past.weeks, past.found, strict=True) if found is None],
        noted=[week.week for week in weeks if week.annotation],
        releases=first_weeks(project, weeks),
    )
    weekly = zip(past.weeks, rows, strict=True)
    return MemberView(
        text=member,
        week=past.weeks[last],
        found=shown,
        row=row,
        told=tuple(_told(past, rows, last)),
        timelines=spans(course, year),
        weeks=tuple(MemberWeek(week, row) for week, row in weekly)[-year:],
    )


def _row(found: Distribution | None, member: str) -> Row | None:
    return next((row for row in found.rows if row.value == member), None) if found else None


def _told(past: History, rows: Sequence[Row | None], last: int) -> list[str]:
    found, row, week = past.found[last], rows[last], past.weeks[last]
    if found is None:
        return []
    if row is None or not row.count.lower:
        text = marked("Not shown in {week}: fewer than {threshold} have it.")
        return [say(text, week=week, threshold=found.threshold)]
    text = marked("{number} of {answers} have it, {share}.")
    told = [say(text, number=row.count, answers=found.answers, share=row.share)]
    since = past.weeks[last].back(YEAR)
    then = next((i for i in range(last) if past.weeks[i] >= since and rows[i]), None)
    before, earlier = (rows[then], past.found[then]) if then is not None else (None, None)
    if then is not None and before and earlier:
        compared = Earlier(past.weeks[then], earlier)
        told += movement.told(row.text, row.share, compared, before.share)
    return told
