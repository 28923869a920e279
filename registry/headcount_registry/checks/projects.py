"""Checks of one project and of all projects together."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from headcount_registry.checks.table import project_check
from headcount_registry.declarations import attributes, names
from headcount_registry.declarations.model import MAX_TEXT, VERSION, Mode
from headcount_registry.findings import Severity

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import ProjectDraft

_URL = re.compile(r"https?://[^\s/]+\S*")
_PLACE = r"(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@:\[\]]+)(?::(?P<port>[0-9]{1,5}))?"
_ENDPOINT = re.compile(rf"(?P<scheme>grpc|http)s?://{_PLACE}(?:/(?P<path>[^\s?#@]*))?")
_LAST_PORT = 65535
_LONGEST = 300


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


@project_check("project-reserved")
def project_reserved(project: ProjectDraft) -> Problems:
    """Some names of projects break the packages that are generated for them."""
    if project.name in names.RESERVED_PROJECTS:
        yield (
            project.named_at,
            (
                f"`{project.name}` means something else in generated packages or in the names of"
                f" metrics; write a longer name, such as `project = {project.name}_tool`"
            ),
        )


@project_check("project-attribute")
def project_attribute(project: ProjectDraft) -> Problems:
    """A misspelt attribute of a project must not go unnoticed."""
    for each in project.statements:
        if each.path[:1] == ("allow",):
            yield each.location, "an allowance is one of several; write `headcount[allow][] = ...`"
        elif each.path[:1] == ("ignored",):
            if len(each.path) == 1:
                yield (
                    each.location,
                    "an ignored key is one of several; write `headcount[ignored][] = ...`",
                )
        elif each.path and (len(each.path) > 1 or each.path[0] not in attributes.ABOUT):
            near = get_close_matches(each.path[0], attributes.ABOUT, n=1)
            meant = f"did you mean `{near[0]}`?" if near and len(each.path) == 1 else ""
            known = f"write `headcount[x] = ...`, x one of: {', '.join(attributes.ABOUT)}"
            yield each.location, f"`{each.pair.key}` says nothing; {meant or known}"


@project_check("project-stated-twice")
def project_stated_twice(project: ProjectDraft) -> Problems:
    """A project is described once."""
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


@project_check("project-ignored")
def project_ignored(project: ProjectDraft) -> Problems:
    """An ignored key is one that somebody sends and nobody declares."""
    declared = {key.name for key in project.keys}
    for each in project.items("ignored"):
        if not names.is_key_name(each.text):
            yield (
                each.value_location,
                (
                    f"`{each.text}` is no name of a key: lower-case letters, digits and single"
                    " underscores; write the name that old clients send"
                ),
            )
        elif each.text in declared or each.text == VERSION:
            yield (
                each.value_location,
                f"`{each.text}` is declared, so it is wanted; remove this line, or the key",
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


@project_check("project-address")
def project_address(project: ProjectDraft) -> Problems:
    """Clients send to the endpoint, people go to the homepage."""
    homepage, endpoint = project.scalar("homepage"), project.scalar("endpoint")
    if homepage and not _URL.fullmatch(homepage.text):
        yield (
            homepage.value_location,
            f"`{homepage.text}` is no address of a page; write https://...",
        )
    if endpoint and not is_endpoint(endpoint.text):
        yield (
            endpoint.value_location,
            (
                f"`{endpoint.text}` is nothing that reports can be sent to; write"
                " grpcs://host[:port] or https://host[:port]"
            ),
        )


def is_endpoint(text: str) -> bool:
    """Return whether a text is an address that reports can be sent to."""
    match = _ENDPOINT.fullmatch(text)
    if match is None or (match["scheme"] == "grpc" and match["path"]):
        return False
    return 0 < int(match["port"] or "1") <= _LAST_PORT


@project_check("project-long-text")
def project_long_text(project: ProjectDraft) -> Problems:
    """People read the words about a project on a small screen."""
    for name in attributes.ABOUT:
        stated = project.scalar(name)
        limit = MAX_TEXT if name == "title" else _LONGEST
        if stated and len(stated.text) > limit:
            yield (
                stated.value_location,
                f"`{name}` has {len(stated.text)} characters; say it in {limit}",
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


@project_check("shared-catalogue", Severity.WARNING)
def shared_catalogue(project: ProjectDraft) -> Problems:
    """Two questions about the same things are one question asked twice."""
    first: dict[str, str] = {}
    for key in project.keys:
        known = first.setdefault(key.catalogue_path, key.name) if key.catalogue_path else key.name
        if known != key.name:
            yield (
                key.location,
                (
                    f"`{key.name}` has the catalogue of `{known}`: if the answer to one says who"
                    " answers the other, the numbers of both together prove small counts; keep one"
                    " key, or give each a catalogue of its own"
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
