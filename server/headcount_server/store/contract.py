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
from headcount_server.counting.vocabulary import Report
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class Entry:
    """A report that is ready to be counted."""

    week: Week
    project: Project
    token: bytes
    answers: Answers
    network: bytes | None = None
    """Prefix of the sender's address, for the allowance alone; None where nobody limits it."""

    @property
    def report(self) -> Report:
        """What of it vocabularies ask for."""
        return Report(self.answers, self.network)


class Outcome(Enum):
    """What became of an entry."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    """Its token was counted before in an open week."""
    CLOSED = "closed"
    """Its week has been closed meanwhile."""


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
        notes that the week is now tallied under that one too. Raises Unavailable.
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

    def close_week(self, week: Week, now: datetime, note: str = "") -> None:
        """Publish a week once and for ever and forget everything else of it.

        A note tells its readers something, unless the operator has explained it.
        Raises Unavailable.
        """
        ...

    def may_have_changed(self) -> bool:
        """Whether others changed something, or nobody can tell; may be called from any thread."""
        ...

    def refresh(self) -> bool:
        """Learn what others changed; whether anything was. Raises Unavailable, StoreError."""
        ...

    def wipe_leftovers(self) -> bool:
        """Wipe what closed weeks and old commits left behind; False if to be tried again."""
        ...

    def published(self, first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        """Closed weeks from first to last, newest first, at most `limit`. Raises Unavailable."""
        ...

    def check(self) -> None:
        """Raise Unavailable if this is no longer what the store was opened on."""
        ...

    def probe(self) -> bool:
        """Whether a commit gets through; changes nothing."""
        ...

    def close(self) -> None:
        """Finish; the store is not used again."""
        ...
