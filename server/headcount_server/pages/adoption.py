"""How fast installations update: each release by weeks since it was first published.

The first week of a release is the first in which it had a number. That is not its release
date, because fewer than the threshold ran it before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headcount_server.pages.answer import minimums
from headcount_server.pages.counts import Share
from headcount_server.pages.course import first_weeks
from headcount_server.pages.distribution import distribution
from headcount_server.pages.language import say, say_many
from headcount_server.pages.sorting import natural
from headcount_server.pages.standing import find
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

AGES = (0, 1, 2, 4, 8, 12, 26)
"""Weeks after the first one that the table shows."""
MOST_RELEASES = 8
"""Most releases in the table; it shows the newest ones."""
HALF = 50.0


@dataclass(frozen=True, slots=True)
class Adoption:
    """One release of a project, week by week since it was first published."""

    release: str
    since: Week
    shares: tuple[Share | None, ...]
    """Share of the answers on this release or a newer one, at each of `AGES`; None if unknown."""
    half: str
    """When half of the answers were on it for certain, in words."""


def adoptions(project: Project, key: Key, weeks: Sequence[PublishedWeek]) -> tuple[Adoption, ...]:
    """Return the newest releases of a project in its key `version`, oldest first."""
    by_week = {week.week: _kept(project, key, week) for week in weeks}
    first = [
        (release, week)
        for week, releases in first_weeks(project, weeks).items()
        for release in releases
    ]
    newest = sorted(first, key=lambda pair: natural(pair[0]), reverse=True)[:MOST_RELEASES]
    return tuple(
        Adoption(
            release,
            since,
            tuple(by_week.get(_after(since, age), {}).get(release) for age in AGES),
            _half(release, since, by_week),
        )
        for release, since in newest
    )


def _kept(project: Project, key: Key, week: PublishedWeek) -> dict[str, Share]:
    published = find(week, project.name)
    found = distribution(key, published, week.threshold) if published else None
    return {each.version: each.kept for each in minimums(found)} if found else {}


def _after(week: Week, age: int) -> Week:
    return week.back(-age)


def _half(release: str, since: Week, by_week: dict[Week, dict[str, Share]]) -> str:
    reached = next(_reached(release, since, by_week), None)
    if reached is None:
        return say("not yet")
    if not reached:
        return say("in the first week")
    return say_many("after {number} week", "after {number} weeks", reached)


def _reached(release: str, since: Week, by_week: dict[Week, dict[str, Share]]) -> Iterator[int]:
    later = [week for week in sorted(by_week) if week >= since]
    for week in later:
        share = by_week[week].get(release)
        if share and share.lower >= HALF:
            yield (week.start - since.start).days // 7
