"""The standing of a question: the last week that has answers, and why later weeks have none.

A question that nobody was asked is distinguished from a question that too few answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headcount_server.pages import wording
from headcount_server.pages.distribution import Distribution, distribution
from headcount_server.pages.language import marked, say
from headcount_server.pages.movement import Earlier
from headcount_server.publication.key_terms import threshold_of
from headcount_server.publication.published import PublishedProject, PublishedWeek, Retraction
from headcount_server.publication.unasked import Why, reason, release
from headcount_server.registry.schema import Key, Project
from headcount_server.week import Week

YEAR = 52
"""Number of weeks back to the week of comparison; if there are fewer, the oldest week serves."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a question after the last published week."""

    week: Week | None
    """The last week that has answers; None if no week has."""
    found: Distribution | None
    """The answers of that week."""
    earlier: Earlier | None
    """The week that it is compared with."""
    silence: str
    """Why the last published week has no answers; empty if it has."""
    unasked: str
    """Why nobody was asked in the last published week; empty if installations were."""
    retracted: Retraction | None
    """The notice in place of the last week's answers."""


def find(week: PublishedWeek, project: str) -> PublishedProject | None:
    """Return the published totals of a project in a week; None if there are none."""
    return next((found for found in week.projects if found.name == project), None)


def standing(project: Project, key: Key, weeks: Sequence[PublishedWeek]) -> Standing:
    """Return where a key of a project stands after these weeks, oldest first."""
    name = project.name
    places = range(len(weeks))
    found = (_with(weeks[place], name, key) for place in reversed(places))
    week, shown = next((pair for pair in found if pair), (None, None))
    last = find(weeks[-1], name) if weeks else None
    return Standing(
        week=week,
        found=shown,
        earlier=_earlier(weeks, name, key, week) if week else None,
        silence="" if weeks and weeks[-1].week == week else _silence(project, key, weeks),
        unasked=_unasked(project, key, weeks[-1]) if weeks else "",
        retracted=next((each for each in _notices(last) if each.key == key.number), None),
    )


def retired(project: Project, key: Key) -> str:
    """Say that a key is no longer declared, and since when; empty if it is declared."""
    if key.number in project.keys:
        return ""
    dropped = release(project, key.name, wording.RETIRED)
    if dropped and dropped.date:
        text = marked("No longer asked since {release} of {day}.")
        return say(text, release=dropped.name, day=wording.day(dropped.date))
    return say("No longer asked.")


def _with(week: PublishedWeek, project: str, key: Key) -> tuple[Week, Distribution] | None:
    found = find(week, project)
    shown = distribution(key, found, week.threshold) if found else None
    return (week.week, shown) if shown else None


def _earlier(weeks: Sequence[PublishedWeek], project: str, key: Key, shown: Week) -> Earlier | None:
    since = shown.back(YEAR)
    within = (each for each in weeks if since <= each.week < shown)
    found = (_with(each, project, key) for each in within)
    return next((Earlier(*pair) for pair in found if pair), None)


def _silence(project: Project, key: Key, weeks: Sequence[PublishedWeek]) -> str:
    if not weeks:
        return retired(project, key) or say("No week has been published yet.")
    last = weeks[-1]
    found, unasked = find(last, project.name), _unasked(project, key, last)
    if unasked:
        return unasked
    if found is None:
        text = marked("Fewer than {threshold} installations reported in {week}.")
        return say(text, threshold=last.threshold, week=last.week)
    for notice in found.retractions:
        if notice.key == key.number:
            text = marked("The totals of {week} were taken down on {day}: {reason}")
            return say(text, week=last.week, day=notice.date, reason=notice.reason)
    threshold = _threshold(last, found, key)
    text = marked("Fewer than {threshold} installations answered in {week}.")
    return say(text, threshold=threshold, week=last.week)


def _unasked(project: Project, key: Key, last: PublishedWeek) -> str:
    if key.number not in project.keys:
        return retired(project, key)
    its = reason(project, key, last.week, find(last, project.name))
    if its is None:
        return ""
    if its.why is Why.EXPIRED:
        return say("No longer asked: it expired on {day}.", day=wording.day(its.day))
    if its.day:
        text = marked("Not asked yet in {week}; it is new since {day}.")
        return say(text, week=last.week, day=wording.day(its.day))
    return say("Not asked yet in {week}.", week=last.week)


def _notices(found: PublishedProject | None) -> tuple[Retraction, ...]:
    return found.retractions if found else ()


def _threshold(week: PublishedWeek, found: PublishedProject | None, key: Key) -> int:
    return threshold_of(found.terms, key.number, week.threshold) if found else week.threshold
