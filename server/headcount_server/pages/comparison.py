"""Questions that several projects share by a convention, one row for each project.

Every number is one that the page of a question shows: here they stand side by side.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from headcount.v1 import options_pb2

from headcount_server.pages import wording
from headcount_server.pages.answer import by_product
from headcount_server.pages.counts import Share
from headcount_server.pages.coverage import covered
from headcount_server.pages.distribution import Distribution
from headcount_server.pages.finding import Known
from headcount_server.pages.sorting import natural, newest_first
from headcount_server.pages.standing import Standing, standing
from headcount_server.publication.published import PublishedWeek
from headcount_server.registry.schema import Key, Project

COLUMNS = 8
"""Most answers that have a column; the pages of the questions have the others."""
AGE = "common:installation_age"
"""The convention whose answers need a word about installations that do not last."""

_NAME = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Shared:
    """A convention that several projects follow, with their questions."""

    name: str
    version: int
    asked: tuple[tuple[Project, Key], ...]

    @property
    def label(self) -> str:
        """The label that most of the questions have."""
        labels = Counter(wording.label(key) for _, key in self.asked)
        return labels.most_common(1)[0][0]

    @property
    def projects(self) -> int:
        """The number of projects."""
        return len({project.name for project, _ in self.asked})

    @property
    def keys(self) -> Mapping[str, Mapping[int, str]]:
        """The names of the questions, by project and number."""
        found: defaultdict[str, dict[int, str]] = defaultdict(dict)
        for project, key in self.asked:
            found[project.name][key.number] = key.name
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """A question of one project: its shares in the columns, and what else is to be said."""

    project: str
    title: str
    key: str
    standing: Standing
    shares: tuple[Share | None, ...]
    """None if nothing is said about an answer."""
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The questions of a convention, side by side."""

    columns: tuple[str, ...]
    left_out: int
    """Number of answers without a column."""
    rest: str
    """The words for the rest of the answers; empty if there is none."""
    lines: tuple[Line, ...]


def shared(known: Iterable[Known]) -> Mapping[str, Shared]:
    """Return the conventions that more than one project follows, by their part of an address."""
    asked: defaultdict[str, list[tuple[Project, Key]]] = defaultdict(list)
    for project, keys in known:
        for key in keys.values():
            name = key.declaration.convention.name
            if _NAME.fullmatch(name):
                asked[name].append((project, key))
    found = (
        Shared(name, its[0][1].declaration.convention.version, tuple(its))
        for name, its in sorted(asked.items())
    )
    return {each.name.replace(":", "/"): each for each in found if each.projects > 1}


def comparison(its: Shared, weeks: Sequence[PublishedWeek], year: int) -> Comparison:
    """Return what these weeks, oldest first, published of the questions of a convention.

    Each question is shown in the last week that has its answers. What is known of the part of
    all installations is looked for in the last `year` weeks.
    """
    stands = [standing(project, key, weeks) for project, key in its.asked]
    shares = [_shares(key, each.found) for (_, key), each in zip(its.asked, stands, strict=True)]
    columns = _columns(its.asked[0][1].declaration.type, shares)
    shown = [each.found for each in stands if each.found]
    lines = zip(its.asked, stands, shares, strict=True)
    return Comparison(
        columns=columns,
        left_out=len(_least(shares)) - len(columns),
        rest=next((each.rest.text for each in shown if each.rest), ""),
        lines=tuple(
            Line(
                project=project.name,
                title=wording.title(project),
                key=key.name,
                standing=stand,
                shares=tuple(found.get(text) for text in columns),
                remarks=_remarks(project, stand, weeks[-year:]),
            )
            for (project, key), stand, found in lines
        ),
    )


def _shares(key: Key, found: Distribution | None) -> Mapping[str, Share]:
    if found is None:
        return {}
    if key.declaration.type == options_pb2.KEY_TYPE_PRODUCT:
        return dict(by_product(found))
    return {row.text: row.share for row in found.rows}


def _least(shares: Iterable[Mapping[str, Share]]) -> Mapping[str, float]:
    """Return the answers that have a number somewhere, with their largest lower bound."""
    found: defaultdict[str, float] = defaultdict(float)
    for its in shares:
        for text, share in its.items():
            if share.lower:
                found[text] = max(found[text], share.lower)
    return found


def _columns(kind: int, shares: Sequence[Mapping[str, Share]]) -> tuple[str, ...]:
    """Return the most frequent answers, in the order in which people look for them."""
    least = _least(shares)
    frequent = sorted(least, key=lambda text: (-least[text], natural(text), text))[:COLUMNS]
    if kind == options_pb2.KEY_TYPE_VERSION:
        return tuple(newest_first(frequent))
    if kind == options_pb2.KEY_TYPE_COUNT:
        return tuple(sorted(frequent, key=natural))
    return tuple(frequent)


def _remarks(project: Project, stand: Standing, weeks: Sequence[PublishedWeek]) -> tuple[str, ...]:
    said = (stand.silence, covered(weeks, project.name, stand.week))
    return tuple(text for text in said if text)
