"""What a publisher knows of its source: the weeks that a destination lacks, and notes of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from headcount_server.store import deliveries
from headcount_server.store.connection import Connection
from headcount_server.store.contract import Store
from headcount_server.store.database import Database
from headcount_server.store.deliveries import Delivery
from headcount_server.store.writer import Writer
from headcount_server.week import Week


class Ledger(Protocol):
    """The notes of a source about its destinations.

    Every method raises Unavailable or StoreError.
    """

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that only reads, on one snapshot."""
        ...

    def note(self, asked: Mapping[str, str | None]) -> None:
        """Make a note; see `deliveries.change`."""
        ...

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver; give False if another process has it."""
        ...


@dataclass(frozen=True, slots=True)
class ServerLedger:
    """The notes of a running server."""

    store: Store
    writer: Writer

    def reading(self) -> AbstractContextManager[Connection]:
        """Give one snapshot."""
        return self.store.snapshot()

    def note(self, asked: Mapping[str, str | None]) -> None:
        """Make a note on the thread that writes."""
        self.writer.run(lambda: deliveries.change(self.store, asked))

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver."""
        return self.store.delivering()


@dataclass(frozen=True, slots=True)
class CommandLedger:
    """The notes of a database, for a command; `hand_over` gives a note to a running server.

    It returns False if there is none.
    """

    database: Database
    hand_over: Callable[[Mapping[str, str | None]], bool]

    def reading(self) -> AbstractContextManager[Connection]:
        """Give one snapshot."""
        return self.database.reading()

    def note(self, asked: Mapping[str, str | None]) -> None:
        """Make a note, or let the server make it that runs on the database."""
        if not self.hand_over(asked):
            deliveries.change(self.database, asked)

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver."""
        return self.database.delivering()


def following(ledger: Ledger, destination: str) -> Delivery | None:
    """Return the next week that a destination lacks; None if it has all."""
    with ledger.reading() as connection:
        return deliveries.following(connection, destination)


def lacking(ledger: Ledger, destination: str) -> int:
    """Return the number of weeks that a destination lacks."""
    with ledger.reading() as connection:
        return deliveries.lacking(connection, destination)


def begin(ledger: Ledger, destination: str) -> None:
    """Note that a destination wants none of the weeks so far, if nothing was noted of it."""
    with ledger.reading() as connection:
        known = deliveries.knows(connection, destination)
    if not known:
        ledger.note({"note": "begun", "destination": destination})


def published(ledger: Ledger) -> list[Week]:
    """Return all published weeks."""
    with ledger.reading() as connection:
        rows = connection.execute("SELECT week FROM weeks WHERE closed IS NOT NULL").fetchall()
    return [Week.parse(week) for (week,) in rows]


def note_delivered(ledger: Ledger, destination: str, delivery: Delivery) -> None:
    """Note that a destination was given a week."""
    ledger.note(
        {
            "note": "delivered",
            "destination": destination,
            "week": str(delivery.week.week),
            "corrections": str(delivery.corrections),
        }
    )
