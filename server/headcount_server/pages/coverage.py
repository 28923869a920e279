"""What part of all installations reported, if the operator knows their number from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from headcount_server.pages.counts import DASH, Count
from headcount_server.pages.language import grouped, marked, percentage, say
from headcount_server.pages.standing import find
from headcount_server.publication.published import Coverage, PublishedWeek
from headcount_server.week import Week


def covered(weeks: Sequence[PublishedWeek], project: str, shown: Week | None) -> str:
    """Return a sentence on the last of these weeks, oldest first, whose number is known.

    It names the week unless that is the one `shown` beside it. Empty if no number is known.
    """
    for week in reversed(weeks):
        for its in week.coverages:
            if its.project == project:
                said = _sentence(week, its)
                if week.week != shown:
                    return say("In {week}: {said}", week=week.week, said=said)
                return said[0].upper() + said[1:]
    return ""


def _sentence(week: PublishedWeek, its: Coverage) -> str:
    found = find(week, its.project)
    whole = {"number": grouped(its.installations), "source": its.source}
    if found is None:
        text = marked("fewer than {threshold} of {number} installations, source: {source}")
        return say(text, threshold=week.threshold, **whole)
    reports = Count.published(found.publication.reports, week.threshold)
    if reports.lower > its.installations:
        return say("more than the {number} installations, source: {source}", **whole)
    part = _part(reports, its.installations)
    if not part:
        text = marked("less than {part} of {number} installations, source: {source}")
        return say(text, part=percentage("1"), **whole)
    text = marked("about {part} of {number} installations, source: {source}")
    return say(text, part=percentage(part), **whole)


def _part(reports: Count, installations: int) -> str:
    """Return the share that reported, to the nearest percent: the whole is an estimate too.

    Empty if it rounds to nothing.
    """
    lower, upper = (
        round(100 * min(number, installations) / installations)
        for number in (reports.lower, reports.upper)
    )
    if not upper:
        return ""
    return str(lower) if lower == upper else f"{lower}{DASH}{upper}"
