"""Checks of one project and of all projects together."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry import attributes, names
from headcount_registry.checks.table import draft_check, project_check
from headcount_registry.declaration import VERSION, Mode
from headcount_registry.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.declaration import Location
    from headcount_registry.draft import Draft, ProjectDraft

_SERVER_METRICS = ("headcount_threshold_reports",)


@project_check("project-name")
def project_name(project: ProjectDraft) -> Problems:
    """A project's name becomes the name of a package."""
    if not names.is_project_name(project.name):
        better = names.suggestion(project.name) or "my_project"
        yield (
            project.named_at,
            (
                f"`{project.name}` is no name for a project: lower-case words of letters and"
                f" digits, joined by single underscores, at most 40 characters;"
                f" write `project = {better}`"
            ),
        )


@project_check("project-attribute")
def project_attribute(project: ProjectDraft) -> Problems:
    """What is said about a project has one of six names."""
    for each in project.statements:
        if each.path and (len(each.path) > 1 or each.path[0] not in attributes.ABOUT):
            near = get_close_matches(each.path[0], attributes.ABOUT, n=1)
            meant = f"did you mean `{near[0]}`?" if near and len(each.path) == 1 else ""
            known = f"write `headcount[x] = ...`, x one of: {', '.join(attributes.ABOUT)}"
            yield each.location, f"`{each.pair.key}` says nothing; {meant or known}"


@project_check("project-stated-twice")
def project_stated_twice(project: ProjectDraft) -> Problems:
    """A project speaks about itself once."""
    for name in attributes.ABOUT:
        stated = [each for each in project.statements if each.path == (name,)]
        for each in stated[1:]:
            yield (
                each.location,
                (
                    f"`{name}` of project `{project.name}` is stated before,"
                    f" at {stated[0].location}; keep one"
                ),
            )


@project_check("project-mode")
def project_mode(project: ProjectDraft) -> Problems:
    """There are two ways to ask for consent."""
    stated = project.scalar("mode")
    if stated and stated.text not in list(Mode):
        yield (
            stated.value_location,
            f"there is no mode `{stated.text}`; write one of: {', '.join(Mode)}",
        )


@project_check("project-unstated", Severity.WARNING)
def project_unstated(project: ProjectDraft) -> Problems:
    """People who are asked want to know who asks."""
    missing = [name for name in attributes.ABOUT[1:5] if not project.text(name)]
    if missing:
        yield (
            project.named_at,
            (
                f"project `{project.name}` does not say its {', '.join(missing)};"
                f" write `headcount[{missing[0]}] = ...`"
            ),
        )


@project_check("key-clash")
def key_clash(project: ProjectDraft) -> Problems:
    """Languages that ignore case and underscores must tell keys apart."""
    first = {VERSION: VERSION}
    for key in project.keys:
        known = first.setdefault(names.squeezed(key.name), key.name)
        if known != key.name:
            yield (
                key.location,
                (
                    f"`{key.name}` and `{known}` are the same name where underscores do not count;"
                    " give one of them another name"
                ),
            )


@draft_check("metric-clash")
def metric_clash(draft: Draft) -> Problems:
    """No two things are published under one name."""
    first = dict.fromkeys(_SERVER_METRICS, "the server itself")
    for location, owner, metrics in _published(draft):
        for metric in metrics:
            known = first.setdefault(metric, owner)
            if known != owner:
                yield (
                    location,
                    (
                        f"{owner} and {known} would both be published as {metric};"
                        " give one of them another name"
                    ),
                )


def _published(draft: Draft) -> Iterator[tuple[Location, str, tuple[str, ...]]]:
    for project in draft.projects:
        yield project.named_at, f"project `{project.name}`", names.metrics(project.name)
        places = {VERSION: project.named_at} | {key.name: key.location for key in project.keys}
        for key, location in places.items():
            owner = f"key `{key}` of project `{project.name}`"
            yield location, owner, names.metrics(project.name, key)
