"""Checks of one key: the day on which it expires."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from headcount_registry.checks.table import When, key_check
from headcount_registry.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import Draft, KeyDraft, Statement

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST = dt.timedelta(days=731)
"""Two years, after which nobody remembers the reason for a key."""


@key_check("expiry-date")
def expiry_date(key: KeyDraft) -> Problems:
    """An expiry is a calendar day."""
    stated = key.scalar("expires")
    if stated and date(stated) is None:
        yield stated.value_location, f"`{stated.text}` is no date; write YYYY-MM-DD"


@key_check("expired", Severity.WARNING, When.DATED)
def expired(key: KeyDraft, today: dt.date) -> Problems:
    """From the day of its expiry a key is neither sent nor counted."""
    stated = key.scalar("expires")
    day = date(stated) if stated else None
    if stated and day and day <= today:
        yield (
            stated.value_location,
            (
                f"`{key.name}` has not been counted since {stated.text}; remove its lines,"
                " or write a later day if its purpose still holds"
            ),
        )


@key_check("distant-expiry", Severity.WARNING, When.DATED)
def distant_expiry(key: KeyDraft, today: dt.date) -> Problems:
    """A distant expiry is forgotten before it comes."""
    stated = key.scalar("expires")
    day = date(stated) if stated else None
    if stated and day and day - today > LONGEST:
        latest = today + LONGEST
        yield (
            stated.value_location,
            (
                f"{stated.text} is more than two years away; write a day up to"
                f" {latest.isoformat()}, and prolong it then if the purpose still holds"
            ),
        )


def expiring(draft: Draft, today: dt.date, within: dt.timedelta) -> Iterator[Finding]:
    """Yield an error for each key that has ended, or ends within some days.

    It is for scheduled jobs alone: a build or a check of a change must not fail one day
    because time has passed.
    """
    for key in (key for project in draft.projects for key in project.keys):
        stated = key.scalar("expires")
        day = date(stated) if stated else None
        if stated and day and day - today <= within:
            left = (day - today).days
            when = f"ends on {day}, in {left} d" if left > 0 else f"has ended on {day}"
            yield Finding(
                stated.value_location,
                "expiring",
                f"`{key.name}` of `{key.project}` {when}; write a later day if its purpose still"
                " holds, or remove its lines",
                Severity.ERROR,
            )


def date(stated: Statement) -> dt.date | None:
    """Return the day that an expiry states, None if it states none."""
    try:
        return dt.date.fromisoformat(stated.text) if _DATE.fullmatch(stated.text) else None
    except ValueError:
        return None
