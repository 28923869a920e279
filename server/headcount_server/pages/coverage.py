"""What part of all installations reported, if the operator knows their number from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from headcount_server.pages.counts import DASH, Count
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
                return _sentence(week, its, "" if week.week == shown else f"In {week.week}: ")
    return ""


def _sentence(week: PublishedWeek, its: Coverage, when: str) -> str:
    found = find(week, its.project)
    if found is None:
        part = f"fewer than {week.threshold} of"
    else:
        part = _part(Count.published(found.publication.reports, week.threshold), its.installations)
    said = f"{when}{part} {its.installations:,} installations, source: {its.source}"
    return said[0].upper() + said[1:]


def _part(reports: Count, installations: int) -> str:
    """Return the share that reported, to the nearest percent: the whole is an estimate too."""
    if reports.lower > installations:
        return "more than the"
    lower, upper = (
        round(100 * min(number, installations) / installations)
        for number in (reports.lower, reports.upper)
    )
    if not upper:
        return "less than 1% of"
    return f"about {lower}% of" if lower == upper else f"about {lower}{DASH}{upper}% of"
