"""What a notice says about a published week, in words and as JSON.

All of it follows from published numbers and declarations, as the pages show them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from headcount_server.metrics.project_health import USUAL_WEEKS, silent
from headcount_server.pages import wording
from headcount_server.pages.counts import Count, Share
from headcount_server.pages.movement import Moved
from headcount_server.pages.week_view import ProjectWeek, WeekView, week_view
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Key, Project, Schema
from headcount_server.week import Week

SOON = timedelta(days=60)
"""Time before the end of a declaration in which notices speak of it."""


@dataclass(frozen=True, slots=True)
class ProjectNews:
    """What is new of a project."""

    found: ProjectWeek
    moved: tuple[tuple[Week, str, str, Moved], ...]
    """Certain changes: since which week, of which key (name and label), the largest first."""
    silent: tuple[Key, ...]
    """Keys that nobody answered, and many in the weeks before."""
    ending: tuple[tuple[Key, date], ...]
    """Keys that are soon no longer asked, with the day."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new of a week."""

    view: WeekView
    projects: tuple[ProjectNews, ...]

    @property
    def subject(self) -> str:
        """A line for those who read no further."""
        return f"Week {self.view.week} is published"

    def text(self) -> str:
        """Return it in words."""
        return "\n".join(_lines(self)) + "\n"

    def json(self) -> bytes:
        """Return it for programs, the same bytes for the same news."""
        return json.dumps(_object(self), ensure_ascii=False, sort_keys=True).encode()


def news(known: Schema, weeks: Sequence[PublishedWeek]) -> News:
    """Return what is new in the first of these weeks, which are newest first."""
    projects = tuple(known.projects.values())
    keys = [(each, {key.name: key for key in each.keys.values()}) for each in projects]
    view = week_view(keys, tuple(reversed(weeks)))
    made = (_of(each, found, weeks) for each, found in zip(projects, view.projects, strict=True))
    return News(view, tuple(made))


def _of(project: Project, found: ProjectWeek, weeks: Sequence[PublishedWeek]) -> ProjectNews:
    end = weeks[0].week.end.date()
    return ProjectNews(
        found=found,
        moved=tuple((since.week, *each) for since in found.since for each in since.moved),
        silent=tuple(project.keys[number] for number in silent(project, weeks[: USUAL_WEEKS + 1])),
        ending=tuple(
            (key, key.expires)
            for _, key in sorted(project.keys.items())
            if key.expires and end <= key.expires <= end + SOON
        ),
    )


def _lines(told: News) -> Iterator[str]:
    view = told.view
    days = wording.week(view.week)
    yield f"Week {view.week} ({days}) is published, in steps of {view.threshold}."
    if view.note:
        yield f"Note: {view.note}"
    for project in told.projects:
        its = project.found
        yield ""
        number = its.reports
        few = f"fewer than {view.threshold}"
        yield f"{its.title} ({its.name}): {few if number is None else number} installations"
        for week, _, label, each in project.moved:
            verb = "has risen" if each.rose else "has fallen"
            shares = f"{each.before} to {each.now}"
            yield f"  {label}: {each.text} {verb} for certain since {week}, {shares}"
        for key in project.silent:
            yield f"  {wording.label(key)}: nobody answered, and many did in the weeks before"
        for key, day in project.ending:
            yield f"  {wording.label(key)}: no longer asked from {wording.day(day.isoformat())}"
        for notice in its.retractions:
            yield f"  {notice.name}: taken down on {notice.date}: {notice.reason}"


def _object(told: News) -> Mapping[str, object]:
    view = told.view
    return {
        "event": "week-published",
        "week": str(view.week),
        "threshold": view.threshold,
        "annotation": view.note,
        "projects": [_project(each) for each in told.projects],
    }


def _project(project: ProjectNews) -> Mapping[str, object]:
    return {
        "project": project.found.name,
        "title": project.found.title,
        "reports": _bounds(project.found.reports),
        "moved": [
            {
                "key": key,
                "value": each.text,
                "since": str(week),
                "before_percent": _bounds(each.before),
                "now_percent": _bounds(each.now),
            }
            for week, key, _, each in project.moved
        ],
        "silent": [key.name for key in project.silent],
        "ending": [{"key": key.name, "expires": day.isoformat()} for key, day in project.ending],
        "retractions": [
            {"key": each.name, "reason": each.reason, "date": each.date}
            for each in project.found.retractions
        ],
    }


def _bounds(found: Count | Share | None) -> Mapping[str, object] | None:
    if found is None:
        return None
    return {"lower": found.lower, "upper": found.upper if found.bounded else None}
