"""What keeps the tally: the contract that every database fulfils.

Reports are counted on as many threads as the store has lanes, all else that
changes it happens on the first of them (`writer`); `published` may be called
from any. Nothing in a store describes one report: tokens stand in a table of their
own with no other fact, and the rest are totals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from headcount_server.counting.answers import Answers
from headcount_server.publication.rounding import Publication
from headcount_server.registry.schema import Project, Schema
from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class Entry:
    """A report that is ready to be counted."""

    week: Week
    project: Project
    token: bytes
    answers: Answers


class Outcome(Enum):
    """What became of an entry."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    """Its token was counted before in an open week."""
    CLOSED = "closed"
    """Its week has been closed meanwhile."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a week from its opening to its close."""

    threshold: int
    """Counts are published in multiples of this."""
    closes: datetime
    """When the week is closed and everything but the published totals destroyed."""


@dataclass(frozen=True, slots=True)
class Retraction:
    """A notice that a key's totals were taken down."""

    key: int
    name: str
    reason: str
    date: str
    """When (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class PublishedProject:
    """What was published of a project in a week."""

    name: str
    digests: tuple[str, ...]
    """Digests of the registries that the week was tallied under."""
    key_names: Mapping[int, str]
    """Names of the published keys by their numbers."""
    publication: Publication
    retractions: tuple[Retraction, ...] = ()
    """What was taken down, by number of the key."""


@dataclass(frozen=True, slots=True)
class PublishedWeek:
    """What was published of a closed week."""

    week: Week
    threshold: int
    projects: tuple[PublishedProject, ...]
    annotation: str = ""
    """What the operator says about the week."""


class Store(Protocol):
    """Keeps tokens and totals of open weeks, and what was published of closed ones."""

    @property
    def lanes(self) -> int:
        """Number of threads that may call `count` at once."""
        ...

    def lane(self, token: bytes) -> int:
        """Which of these threads counts the reports of a token."""
        ...

    def open_week(self, week: Week, terms: Terms, schema: Schema) -> None:
        """Let a week take reports; terms are settled by the first call for it.

        Does nothing for a closed week. Called again with another schema, it
        notes that the week is now tallied under that one too.
        """
        ...

    def open_weeks(self) -> Mapping[Week, Terms]:
        """Weeks that take reports, oldest first."""
        ...

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Add reports to their totals, tokens and totals together or not at all.

        Durable on return. Raises Unavailable where they may be counted or not:
        counting them again is harmless.
        """
        ...

    def close_week(self, week: Week, now: datetime) -> None:
        """Publish a week once and for ever and forget everything else of it."""
        ...

    def behind(self) -> bool:
        """Whether others changed something, or nobody can tell; may be called from any thread."""
        ...

    def renew(self) -> bool:
        """Learn what others changed; whether anything was. Raises Unavailable, StoreError."""
        ...

    def erase(self) -> bool:
        """Wipe what closed weeks and old commits left behind; False if to be tried again."""
        ...

    def published(self, first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        """Closed weeks from first to last, newest first, at most `limit`. Raises Unavailable."""
        ...

    def probe(self) -> bool:
        """Whether a commit gets through; changes nothing."""
        ...

    def shut(self) -> None:
        """Finish; the store is not used again."""
        ...
