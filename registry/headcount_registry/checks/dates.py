"""Checks of how a key ends: the day of its expiry or review, and the key that replaces it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import When, key_check, project_check
from headcount_registry.declarations.attributes import RENAMED
from headcount_registry.declarations.model import VERSION
from headcount_registry.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import Draft, KeyDraft, ProjectDraft, Statement

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST = dt.timedelta(days=731)
"""Two years, after which nobody remembers the reason for a key."""

ENDS = ("expires", "review")
"""The attributes that state a day: the end of a key, and that of a decision about it."""


@dataclass(frozen=True, slots=True)
class Days:
    """The present day, and, by project, key and day, when a day was stated as an end."""

    today: dt.date
    stated: Mapping[tuple[str, str, str], dt.date] = field(default_factory=dict)

    def set_on(self, key: KeyDraft, day: dt.date) -> dt.date:
        """Return when a key's end was set: today if the history does not know it."""
        return self.stated.get((key.project, key.name, day.isoformat()), self.today)


@key_check("expiry-date")
def expiry_date(key: KeyDraft) -> Problems:
    """An expiry and a review are calendar days."""
    for name in ENDS:
        stated = key.scalar(name)
        if stated and date(stated) is None:
            yield stated.value_location, f"`{stated.text}` is no date; write YYYY-MM-DD"


@key_check("endless", Severity.WARNING, When.STRICT)
def endless(key: KeyDraft) -> Problems:
    """Somebody looks at each key again, or nobody ever does."""
    if key.name == VERSION or key.shorthand or any(key.scalar(name) for name in ENDS):
        return
    yield (
        key.location,
        (
            f"`{key.name}` goes on for ever; write `telemetry[{key.name}][review] = YYYY-MM-DD`,"
            " the day by which you decide whether it goes on, or `[expires]`"
        ),
    )


@key_check("distant-expiry", Severity.WARNING, When.DATED)
def distant_expiry(key: KeyDraft, days: Days) -> Problems:
    """A distant end is forgotten before it comes."""
    for stated, day in _ends(key):
        start = days.set_on(key, day)
        if day - start > LONGEST:
            yield (
                stated.value_location,
                (
                    f"{day} is more than two years after {start}, when it was set; write a day up"
                    f" to {max(start, days.today) + LONGEST}, and prolong it then if the purpose"
                    " still holds"
                ),
            )


@project_check("deprecated")
def deprecated(project: ProjectDraft) -> Problems:
    """A key that another replaces names it, and the day on which it ends."""
    replaced = {key.name for key in project.keys if key.scalar("deprecated")}
    names = {VERSION} | {key.name for key in project.keys}
    for key in project.keys:
        stated = key.scalar("deprecated")
        name = stated.text.removeprefix(RENAMED) if stated else ""
        if stated is None:
            continue
        if not stated.text.startswith(RENAMED):
            yield stated.value_location, f"`{stated.text}` names no key; write `{RENAMED}KEY`"
        elif name not in names:
            near = get_close_matches(name, sorted(names), n=1)
            meant = f"did you mean `{near[0]}`?" if near else "declare it first"
            yield stated.value_location, f"there is no key `{name}` in `{project.name}`; {meant}"
        elif name in replaced:
            yield (
                stated.value_location,
                f"`{name}` is `{key.name}` itself, or being replaced too; name the last of them",
            )
        elif key.scalar("expires") is None:
            yield (
                stated.location,
                (
                    f"`{key.name}` is counted until its end, so it needs one;"
                    f" write `telemetry[{key.name}][expires] = YYYY-MM-DD`"
                ),
            )


def expiring(draft: Draft, today: dt.date, within: dt.timedelta) -> Iterator[Finding]:
    """Yield an error for each key that has ended or ends within some days, or is to be reviewed.

    It is for scheduled jobs alone: a build or a check of a change must not fail one day
    because time has passed.
    """
    for key in (key for project in draft.projects for key in project.keys):
        for stated, day in _ends(key):
            left = (day - today).days
            if left <= within.days:
                yield Finding(
                    stated.value_location,
                    "expiring",
                    f"`{key.name}` of `{key.project}` {_when(stated, day, left)}; write a later day"
                    " if its purpose still holds, or remove its lines",
                    Severity.ERROR,
                )


def _when(stated: Statement, day: dt.date, left: int) -> str:
    if stated.path == ("review",):
        return f"is to be reviewed by {day}" + (f", in {left} d" if left > 0 else "")
    return f"ends on {day}, in {left} d" if left > 0 else f"has ended on {day}"


def _ends(key: KeyDraft) -> Iterator[tuple[Statement, dt.date]]:
    for name in ENDS:
        stated = key.scalar(name)
        day = date(stated) if stated else None
        if stated and day:
            yield stated, day


def date(stated: Statement) -> dt.date | None:
    """Return the day that a statement gives, None if it gives none."""
    try:
        return dt.date.fromisoformat(stated.text) if _DATE.fullmatch(stated.text) else None
    except ValueError:
        return None
