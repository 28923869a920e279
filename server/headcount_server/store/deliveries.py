"""What each destination already has of the published weeks, in the tables of any store.

A correction raises the number of corrections of the weeks that it may have changed. A
destination notes the number that it was given a week under. So it lacks the weeks that it was
never given, and those that were corrected since.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from headcount_server.errors import StoreError
from headcount_server.publication.published import PublishedWeek
from headcount_server.store import published_tables
from headcount_server.store.connection import Connection
from headcount_server.week import Week

_LACKING = (
    " FROM weeks LEFT JOIN corrected_weeks ON corrected_weeks.week = weeks.week"
    " LEFT JOIN deliveries ON deliveries.week = weeks.week AND deliveries.destination = ?"
    " WHERE weeks.closed IS NOT NULL AND (deliveries.week IS NULL"
    " OR deliveries.corrections <> coalesce(corrected_weeks.corrections, 0))"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A published week that a destination lacks."""

    week: PublishedWeek
    corrections: int
    """How often the week was corrected before it was read."""
    again: bool
    """Whether the destination has an earlier state of it."""


class Noting(Protocol):
    """A database in which deliveries are noted."""

    def noting(self) -> AbstractContextManager[Connection]:
        """Give the connection of one transaction that notes a delivery, and changes no more.

        Raises StoreError or Unavailable.
        """
        ...


def following(connection: Connection, destination: str) -> Delivery | None:
    """Return the next week that a destination lacks; None if it has all.

    Corrected weeks come first, so that what was taken down is gone before anything newer
    arrives. Then the others follow, oldest first.
    """
    row = connection.execute(
        "SELECT weeks.week, coalesce(corrected_weeks.corrections, 0),"
        f" deliveries.week IS NOT NULL{_LACKING}"
        " ORDER BY deliveries.week IS NULL, weeks.week LIMIT 1",
        (destination,),
    ).fetchone()
    if row is None:
        return None
    week = Week.parse(row[0])
    (found,) = published_tables.read(connection, week, week, 1)
    return Delivery(found, int(row[1]), bool(row[2]))


def lacking(connection: Connection, destination: str) -> int:
    """Return the number of weeks that a destination lacks."""
    (number,) = connection.execute(f"SELECT count(*){_LACKING}", (destination,)).fetchone()
    return int(number)


def knows(connection: Connection, destination: str) -> bool:
    """Return whether anything was ever noted of a destination."""
    found = connection.execute(
        "SELECT 1 FROM deliveries WHERE destination = ? LIMIT 1", (destination,)
    ).fetchone()
    return found is not None


def note(connection: Connection, destination: str, week: Week, corrections: int) -> None:
    """Note that a destination was given a week, as it was after this many corrections."""
    connection.execute(
        "INSERT INTO deliveries VALUES (?, ?, ?) ON CONFLICT (destination, week)"
        " DO UPDATE SET corrections = excluded.corrections",
        (destination, str(week), corrections),
    )


def forget(connection: Connection, destination: str) -> None:
    """Forget what a destination has, so that it is given every week again."""
    connection.execute("DELETE FROM deliveries WHERE destination = ?", (destination,))


def begin(connection: Connection, destination: str) -> None:
    """Note that a destination wants none of the weeks that are published so far.

    Does nothing if anything was noted of it before.
    """
    if not knows(connection, destination):
        note(connection, destination, _BEFORE_ALL, 0)
        connection.execute(
            "INSERT INTO deliveries SELECT CAST(? AS TEXT), weeks.week,"
            " coalesce(corrected_weeks.corrections, 0)"
            " FROM weeks LEFT JOIN corrected_weeks ON corrected_weeks.week = weeks.week"
            " WHERE weeks.closed IS NOT NULL",
            (destination,),
        )


_BEFORE_ALL = Week(1, 1)
"""Noted of a destination that wants later weeks alone, even if there is no week yet."""


def correct(connection: Connection, first: str, last: str) -> None:
    """Note that the published weeks from first to last may have changed."""
    connection.execute(
        "INSERT INTO corrected_weeks SELECT week, 1 FROM weeks"
        " WHERE closed IS NOT NULL AND week BETWEEN ? AND ?"
        " ON CONFLICT (week) DO UPDATE SET corrections = corrected_weeks.corrections + 1",
        (first, last),
    )


def begin_anew(connection: Connection) -> None:
    """Forget all that was noted, so that each destination is given every week again."""
    connection.execute("DELETE FROM deliveries")
    connection.execute("DELETE FROM corrected_weeks")


def change(target: Noting, asked: Mapping[str, str | None]) -> None:
    """Note what a publisher asks for, given in the form that a server receives."""
    destination = asked["destination"] or ""
    with target.noting() as connection:
        match asked["note"]:
            case "delivered":
                week = Week.parse(asked["week"] or "")
                note(connection, destination, week, int(asked["corrections"] or 0))
            case "forgotten":
                forget(connection, destination)
            case "begun":
                begin(connection, destination)
            case other:
                msg = f"{other}: no such note; the server is of another version than the command"
                raise StoreError(msg)
