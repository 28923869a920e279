"""Published totals as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from headcount_server.publication.key_terms import ProjectTerms
from headcount_server.publication.rounding import Publication
from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class Retraction:
    """A notice that a key's totals were taken down."""

    key: int
    name: str
    reason: str
    date: str
    """Day of the notice (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The number of installations of a project in a week, which the operator knows from elsewhere.

    No report is part of it.
    """

    project: str
    installations: int
    source: str
    """Where the number comes from, in the operator's words."""


@dataclass(frozen=True, slots=True)
class PublishedProject:
    """The published totals of a project in a week."""

    name: str
    digests: tuple[str, ...]
    """Digests of the registries that the week was tallied under."""
    key_names: Mapping[int, str]
    """Names of the published keys by their numbers."""
    publication: Publication
    retractions: tuple[Retraction, ...] = ()
    """Notices of totals that were taken down, by number of the key."""
    terms: ProjectTerms = field(default_factory=dict)
    """Terms of its keys in the week; none if the week is from before terms were kept."""
    places: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """Values that had a place from the opening of the week on, by key; they are counted in full."""
    version_key: int = 0
    """Number of its key `version`; 0 if unknown."""
    too_few: Mapping[int, str] = field(default_factory=dict)
    """Names of keys that were asked and have no number, by their own numbers."""
    schemas: Mapping[str, str] = field(default_factory=dict)
    """What these registries declared, as JSON, by digest; none of those from before it was kept."""


@dataclass(frozen=True, slots=True)
class PublishedWeek:
    """The published totals of a closed week."""

    week: Week
    threshold: int
    projects: tuple[PublishedProject, ...]
    annotation: str = ""
    """The operator's note about the week."""
    rule: int = 1
    """How keys were counted per release: 1 if each release is a cell, 2 if by `partition`."""
    coverages: tuple[Coverage, ...] = ()
    """The operator's numbers of installations, by project."""

    def schemas(self) -> Iterator[tuple[str, str]]:
        """Yield each registry that it names as `PROJECT/DIGEST`, with what it declared."""
        for project in self.projects:
            for digest, declared in project.schemas.items():
                yield f"{project.name}/{digest}", declared


ReadWeeks: TypeAlias = Callable[[Week | None, Week | None, int], Sequence[PublishedWeek]]
"""Reads closed weeks from first to last, newest first, at most the given number."""


def with_totals(newest_first: Iterable[PublishedWeek]) -> PublishedWeek | None:
    """Return the last week that has a number, or else the last one; None if there is none."""
    weeks = tuple(newest_first)
    return next((week for week in weeks if week.projects), next(iter(weeks), None))
