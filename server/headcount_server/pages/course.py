"""The course of a question over all weeks, for its large chart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from headcount.v1 import options_pb2

from headcount_server.pages.answer import by_product
from headcount_server.pages.counts import Share
from headcount_server.pages.distribution import Distribution
from headcount_server.pages.history import History
from headcount_server.pages.sorting import newest_first
from headcount_server.pages.standing import find
from headcount_server.pages.timeline import MAX_LINES, Course
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

RECENT = 4
"""Most lines that are chosen as the most frequent values of the last week."""


def course(project: Project, key: Key, past: History, weeks: Sequence[PublishedWeek]) -> Course:
    """Return the course of a key, from its history in these weeks, oldest first.

    All versions of a product are drawn as one.
    """
    summed = key.declaration.type == options_pb2.KEY_TYPE_PRODUCT
    tell = _products if summed else _values
    told = [tell(found) if found else {} for found in past.found]
    return Course(
        weeks=past.weeks,
        shares={name: [each.get(name) for each in told] for name in _chosen(told)},
        silent=[w for w, found in zip(past.weeks, past.found, strict=True) if found is None],
        noted=[week.week for week in weeks if week.annotation],
        releases=first_weeks(project, weeks),
    )


def first_weeks(project: Project, weeks: Sequence[PublishedWeek]) -> Mapping[Week, Sequence[str]]:
    """Return the releases that were published for the first time, by week.

    The releases of a project's first week are left out: they are older, and nobody knows by
    how much.
    """
    seen: set[str] = set()
    found: dict[Week, Sequence[str]] = {}
    begun = False
    for week in weeks:
        published = find(week, project.name)
        now = _releases(published, project.version_key) if published else set()
        if begun and now - seen:
            found[week.week] = newest_first(now - seen)
        begun = begun or bool(now)
        seen |= now
    return found


def _releases(published: PublishedProject, version_key: int) -> set[str]:
    if any(notice.key == version_key for notice in published.retractions):
        return set()
    return {cell.value for cell in published.publication.values if cell.key == version_key}


def _products(found: Distribution) -> dict[str, Share]:
    return dict(by_product(found))


def _values(found: Distribution) -> dict[str, Share]:
    return {row.text: row.share for row in found.rows}


def _chosen(told: Sequence[Mapping[str, Share]]) -> list[str]:
    """Return the names to draw: the most frequent of the last week, then of all weeks."""
    last = next((each for each in reversed(told) if each), {})
    recent = sorted(last, key=lambda name: -last[name].lower)[:RECENT]
    total: defaultdict[str, float] = defaultdict(float)
    for each in told:
        for name, share in each.items():
            total[name] += share.lower
    frequent = [name for name, weight in Counter(total).most_common() if weight]
    named = dict.fromkeys([*(name for name in recent if total[name]), *frequent])
    return list(named)[:MAX_LINES]
