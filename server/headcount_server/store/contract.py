"""The contract of every database that keeps the tally.

`count` runs on one thread per lane; every other write runs on the first lane's thread
(`writer`). `published` may be called from any thread. Nothing in a store describes one
report: tokens are in their own table with no other fact, and the rest are totals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import Enum
from typing import NamedTuple, Protocol

from headcount_server.counting.answers import Answers
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.connection import Connection
from headcount_server.week import Week


class Entry(NamedTuple):
    """A report that is ready to be counted."""

    week: Week
    project: Project
    token: bytes
    answers: Answers
    network: bytes | None = None
    """Prefix of the sender's address, for the allowance alone; None if nobody limits the sender."""


class Outcome(Enum):
    """The outcome of counting an entry."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    """Its token was counted before in an open week."""
    CLOSED = "closed"
    """Its week was closed in the meantime."""


def grouped(
    entries: Sequence[Entry], outcomes: Sequence[Outcome], wanted: Outcome
) -> list[tuple[Week, Project, list[Entry]]]:
    """Return the entries of one outcome by week and project.

    Entries of a project are apart if they were read by different registries.
    """
    groups: defaultdict[tuple[Week, int], list[Entry]] = defaultdict(list)
    for entry, outcome in zip(entries, outcomes, strict=True):
        if outcome is wanted:
            groups[entry.week, id(entry.project)].append(entry)
    return [(week, group[0].project, group) for (week, _), group in groups.items()]


class Store(Protocol):
    """Keeps tokens and totals of open weeks, and the published totals of closed weeks."""

    @property
    def lanes(self) -> int:
        """Number of threads that may call `count` at once."""
        ...

    def lane(self, token: bytes) -> int:
        """Return the number of the thread that counts the reports of a token, valid or not."""
        ...

    def open_week(self, week: Week, terms: Terms, schema: Schema) -> None:
        """Let a week take reports; the first call settles the week's terms.

        Does nothing for a closed week. If called again with another schema, notes that
        the week is now tallied under that schema too. Raises Unavailable.
        """
        ...

    def open_weeks(self) -> Mapping[Week, Terms]:
        """Return the weeks that take reports, oldest first, with their terms."""
        ...

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Add reports to their totals, tokens and totals together or not at all.

        The reports are durable on return. Raises Unavailable if they may or may not be
        counted; counting them again is harmless.
        """
        ...

    def close_week(self, week: Week, now: datetime, note: str = "") -> None:
        """Publish a week once and for ever, and destroy everything else of it.

        `note` is a public note about the week, which an explanation by the operator replaces.
        Raises Unavailable.
        """
        ...

    def may_have_changed(self) -> bool:
        """Return True if another process may have changed the database since `refresh`.

        May be called from any thread.
        """
        ...

    def refresh(self) -> bool:
        """Read what other processes changed, and return whether anything was changed.

        Raises Unavailable or StoreError.
        """
        ...

    def wipe_leftovers(self) -> bool:
        """Wipe the remains of closed weeks and old commits; return False if some are left."""
        ...

    def published(self, first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        """Return at most `limit` closed weeks from first to last, newest first.

        Raises Unavailable.
        """
        ...

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Give a connection that only reads, on one snapshot. May be called from any thread.

        Raises Unavailable.
        """
        ...

    def noting(self) -> AbstractContextManager[Connection]:
        """Give the connection of one transaction that notes a delivery; see `deliveries`."""
        ...

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver to destinations; give False if another process has it.

        May be called from any thread. Raises Unavailable.
        """
        ...

    def check(self) -> None:
        """Raise Unavailable if the database is no longer the one that the store opened."""
        ...

    def probe(self) -> bool:
        """Return whether a commit succeeds; changes nothing."""
        ...

    def close(self) -> None:
        """Finish; the store is not used again."""
        ...
