"""Changes of the questions, release by release, from the registry's history."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from headcount.v1 import options_pb2

from headcount_server.pages import wording
from headcount_server.pages.language import marked, say
from headcount_server.pages.sorting import natural
from headcount_server.registry.schema import Key, Project

KINDS = {
    options_pb2.CHANGE_KIND_ADDED: marked("added"),
    options_pb2.CHANGE_KIND_RETIRED: marked("retired"),
    options_pb2.CHANGE_KIND_RENAMED: marked("renamed"),
    options_pb2.CHANGE_KIND_WIDENED: marked("widened"),
    options_pb2.CHANGE_KIND_NARROWED: marked("narrowed"),
    options_pb2.CHANGE_KIND_REWORDED: marked("reworded"),
    options_pb2.CHANGE_KIND_REPLACED: marked("replaced"),
}
"""Name of each direction."""
NEVER = "1970-01-01"
"""The day of an empty feed; RFC 4287 requires one."""
MAX_ENTRIES = 100
"""Most entries of a feed; the pages have all."""

_BREAKS = {
    options_pb2.BREAKAGE_CLIENTS: marked("older clients are not understood"),
    options_pb2.BREAKAGE_TOTALS: marked("not comparable with earlier weeks"),
}
_WITH_REASON = {options_pb2.CHANGE_KIND_ADDED, options_pb2.CHANGE_KIND_WIDENED}
_NAMED = re.compile(r"`([^`]+)`")
# The namespace of the entries' identifiers. If it changed, all entries would be unread again.
_SPACE = uuid.UUID("5b0cbf6c-6c1d-5a3e-9f04-6f0e4ad5f2c1")


@dataclass(frozen=True, slots=True)
class Line:
    """One change."""

    kind: str
    direction: str
    """The kind in the language of the page."""
    subject: str
    """Name of the key; empty if the project itself changed."""
    address: str
    """Page of the key under its present name; empty if it is no longer asked."""
    label: str
    """The key as people call it; empty if it is no longer asked."""
    detail: tuple[tuple[str, bool], ...]
    """The change in words, cut at names; each piece says whether it is a name."""
    reason: str
    issue: str
    asks: bool
    breaks: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What a release changed for one project."""

    name: str
    title: str
    author: str
    """The recipient of the answers; the title of the project if none is declared."""
    homepage: str
    lines: tuple[Line, ...]
    identifier: str
    """A URN that is the same wherever the entry is found."""

    @property
    def summary(self) -> str:
        """The number of changes by direction, such as `3 added, 1 retired`."""
        counted = {kind: sum(line.kind == kind for line in self.lines) for kind in KINDS.values()}
        return ", ".join(
            say("{number} {kind}", number=number, kind=say(kind))
            for kind, number in counted.items()
            if number
        )


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """One release with its changes; changes in no release yet have an empty name and day."""

    name: str
    date: str
    note: str
    anchor: str
    projects: tuple[Changed, ...]

    @property
    def moment(self) -> str:
        """The release's day as a moment of RFC 3339."""
        return f"{_day(self.date)}T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed: one release of one project."""

    release: ReleaseView
    project: Changed


Known = tuple[Project, Mapping[str, Key]]
"""A project, and its keys that have a page, by name."""


def releases(projects: Iterable[Known]) -> tuple[ReleaseView, ...]:
    """Return all releases of these projects: changes in no release yet, then the newest first."""
    found: dict[tuple[str, str], list[tuple[options_pb2.Release, Changed]]] = {}
    for project, keys in projects:
        for release in project.declaration.releases:
            changed = _changed(release, project, keys)
            found.setdefault((release.date, release.name), []).append((release, changed))

    def late(at: tuple[str, str]) -> tuple[bool, str, object]:
        return not at[0], at[0], natural(at[1])

    return tuple(
        ReleaseView(
            name=name,
            date=day,
            note=found[day, name][0][0].note,
            anchor=_anchor(day, name),
            projects=tuple(changed for _, changed in found[day, name]),
        )
        for day, name in sorted(found, key=late, reverse=True)
    )


def of_key(views: Sequence[ReleaseView], key: Key) -> tuple[tuple[ReleaseView, Line], ...]:
    """Return the changes of one key, by its present and its former name."""
    names = {key.name, key.declaration.formerly} - {""}
    return tuple(
        (release, line)
        for release in views
        for project in release.projects
        for line in project.lines
        if line.subject in names
    )


def entries(views: Sequence[ReleaseView]) -> tuple[Entry, ...]:
    """Return the entries of a feed, newest first; changes in no release yet are left out."""
    made = (
        Entry(release, project) for release in views if release.date for project in release.projects
    )
    return tuple(made)[:MAX_ENTRIES]


def authors(projects: Iterable[Project]) -> tuple[str, ...]:
    """Return the recipients of these projects' answers, each once."""
    return tuple(dict.fromkeys(map(_author, projects)))


def identifier(*names: str) -> str:
    """Return a URN made from names, the same at all times and places."""
    return uuid.uuid5(_SPACE, "\n".join(names)).urn


def _changed(release: options_pb2.Release, project: Project, keys: Mapping[str, Key]) -> Changed:
    former = {key.declaration.formerly: key for key in keys.values() if key.declaration.formerly}
    return Changed(
        name=project.name,
        title=wording.title(project),
        author=_author(project),
        homepage=project.declaration.homepage,
        lines=tuple(
            _line(project.name, change, keys.get(change.key) or former.get(change.key))
            for change in release.changes
        ),
        identifier=identifier(project.name, release.date, release.name),
    )


def _line(project: str, change: options_pb2.Change, key: Key | None) -> Line:
    reasoned = key is not None and change.kind in _WITH_REASON
    kind = KINDS.get(change.kind, marked("changed"))
    return Line(
        kind=kind,
        direction=say(kind),
        subject=change.key,
        address=f"projects/{project}/{key.name}/" if key else "",
        label=wording.label(key) if key else "",
        detail=_pieces(change.detail),
        reason=wording.words(key, "purpose") if key and reasoned else "",
        issue=key.declaration.issue if key and reasoned else "",
        asks=change.asks,
        breaks=say(_BREAKS[change.breaks]) if change.breaks in _BREAKS else "",
    )


def _pieces(text: str) -> tuple[tuple[str, bool], ...]:
    """Return a text cut at its names, which stand between backticks, each piece with its kind."""
    pieces = zip(_NAMED.split(text), chain.from_iterable([[False, True]] * len(text)), strict=False)
    return tuple((piece, is_name) for piece, is_name in pieces if piece)


def _author(project: Project) -> str:
    return wording.about(project, "recipient") or wording.title(project)


def _anchor(day: str, name: str) -> str:
    if not day:
        return "unreleased"
    return "-".join([_day(day), *re.findall(r"[A-Za-z0-9._]+", name)])


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return NEVER
