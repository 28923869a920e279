"""A yes by configuration, for containers, where nobody answers and files do not last.

```
HEADCOUNT_CONSENT=acme:basic:2026-11-28:<consent digest>
```

The setting names the project, the level, the day on which somebody agreed, and the
digest of the question. Blanks separate the settings of several projects. A setting
agrees to these terms and no others: it no longer counts once the project asks for more.
An answer in the state directory takes precedence.
"""

from __future__ import annotations

import time

from headcount.consent.record import GRANTED, VARIABLE, Record
from headcount.consent.record_file import unreadable
from headcount.consent.state import QUIET, agreed_terms
from headcount.model.project import LEVELS
from headcount.model.sentence import Sentence
from headcount.model.week import DAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from headcount.model.project import Project

VIA = "configuration"


def setting(project: Project, level: str, *, now: float) -> str:
    """Return the setting that agrees to a level of a project today."""
    day = time.strftime("%Y-%m-%d", time.gmtime(now))
    return f"{VARIABLE}={project.name}:{level}:{day}:{project.consent_digest}"


def configured(project: Project, environment: Mapping[str, str]) -> Record | None:
    """Return the yes to a project that the environment holds, None if there is none.

    A setting that is malformed or names other terms counts as an unreadable answer.
    """
    for word in environment.get(VARIABLE, "").split():
        name, *parts = word.split(":")
        if name == project.name:
            return _read(project, parts)
    return None


def _read(project: Project, parts: list[str]) -> Record:
    try:
        level, day, digest = parts
        year, month, date = map(int, day.split("-"))
        at = float(_midnight(year, month, date))
        LEVELS.index(level)
    except (ValueError, OverflowError):
        return unreadable(
            Sentence(
                "{variable} makes no sense for {project}: write "
                "{project}:basic:YYYY-MM-DD:{digest}.",
                variable=VARIABLE,
                project=project.name,
                digest=project.consent_digest,
            )
        )
    if digest != project.consent_digest:
        return unreadable(
            Sentence(
                "{variable} agrees to other terms of {project} than are asked now; look at them, "
                "and name {digest}.",
                variable=VARIABLE,
                project=project.name,
                digest=project.consent_digest,
            )
        )
    return Record(
        decision=GRANTED,
        at=at,
        via=VIA,
        level=level,
        terms=agreed_terms(project, level),
        # Somebody agreed at some time of that day, and has another day to reconsider.
        not_before=at + DAY + QUIET,
        registry_digest=project.digest,
        consent_digest=project.consent_digest,
    )


def _midnight(year: int, month: int, day: int) -> int:
    """Return the start of a day in UTC (unix seconds); ValueError if there is no such day."""
    from calendar import timegm

    moment = timegm((year, month, day, 0, 0, 0))
    if time.gmtime(moment)[:3] != (year, month, day):
        raise ValueError(f"{year}-{month}-{day} is no day")
    return moment
