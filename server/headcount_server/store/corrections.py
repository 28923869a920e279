"""Corrections by the operator: totals taken down, weeks explained, a week given up.

They change the database, so they need the right to write to it. On SQLite a running server
holds that right, and makes the correction for the command; see `doors.corrections`. On
PostgreSQL commands make corrections beside servers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from headcount_server.errors import StoreError
from headcount_server.store import deliveries, folding, publication_log, retractions
from headcount_server.store.connection import Connection
from headcount_server.week import Week

MAX_LENGTH = 500
"""Longest reason, explanation or source, in characters."""
MAX_INSTALLATIONS = 10**12
"""Largest number of installations of a project."""
_LAST = "~"
"""Later than every week, as a text."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The weeks that a correction changed."""

    weeks: Sequence[str] = ()
    """Weeks from which totals were taken down."""
    folded: Sequence[str] = ()
    """Weeks in which the releases of a key were summed, because they follow from the totals
    taken down."""


@runtime_checkable
class Correctable(Protocol):
    """A database that a command has to itself, or the store of the server that runs on it."""

    @property
    def open_tables(self) -> str:
        """Return the prefix of the tables that hold exact totals of open weeks."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Give the connection of one transaction, and erase what the transaction deletes.

        Raises StoreError or Unavailable.
        """
        ...

    def noting(self) -> AbstractContextManager[Connection]:
        """Give the connection of one transaction that notes a delivery; see `deliveries`."""
        ...

    def give_up(self, connection: Connection, week: Week) -> None:
        """Drop an open week with its tokens and totals, within a transaction of `writing`."""
        ...


def correct(target: Correctable, asked: Mapping[str, str | None]) -> Correction:
    """Make the correction that a command asks for, given in the form that a server receives.

    Raises StoreError or Unavailable.
    """
    today = date.fromisoformat(asked["today"] or "")
    week = Week.parse(asked["week"]) if asked["week"] else None
    match asked["correction"], week:
        case "retract", _:
            project, key, reason = (asked[name] or "" for name in ("project", "key", "reason"))
            return retract(target, project=project, key=key, week=week, reason=reason, today=today)
        case "annotate", Week():
            annotate(target, week, asked["text"] or "")
        case "coverage", Week():
            project, source = (asked[name] or "" for name in ("project", "source"))
            number = int(asked["installations"] or 0)
            cover(target, week, project=project, installations=number, source=source)
        case "discard", Week():
            discard(target, week, today)
        case other, _:
            msg = f"{other}: no correction; the server is of another version than the command"
            raise StoreError(msg)
    return Correction()


def retract(  # noqa: PLR0913 - the command hands over one of each
    database: Correctable, *, project: str, key: str, week: Week | None, reason: str, today: date
) -> Correction:
    """Take down what was published of a key, in one week or, if `week` is None, for ever.

    A retraction for ever also removes exact totals of open weeks, and no later week
    publishes the key. Raises StoreError.
    """
    _check_text("--reason", reason)
    with database.writing() as connection:
        number = _number(connection, project, key)
        weeks = [
            found
            for (found,) in connection.execute(
                "SELECT week FROM published_answers WHERE project = ? AND key = ? ORDER BY week",
                (project, number),
            )
            if week is None or found == str(week)
        ]
        if week is not None and not weeks:
            msg = f"--week {week}: nothing of {project}'s key {key} is published there"
            raise StoreError(msg)
        reached = folding.take_down(connection, project, number, weeks)
        for found in weeks:
            retractions.note(connection, found, project, number, reason, today)
        if weeks:  # places in later weeks go too, and with them the bounds of values
            deliveries.correct(connection, weeks[0], _LAST)
        if week is None:
            retractions.note(connection, retractions.ALWAYS, project, number, reason, today)
            for found in _open_weeks(connection):
                retractions.take_down(connection, database.open_tables, found, project, number)
        publication_log.retracted(
            connection,
            project=project,
            key=number,
            weeks=weeks,
            reached=reached,
            reason=reason,
            day=today.isoformat(),
            always=week is None,
        )
    return Correction(weeks, sorted(set().union(*reached.folded.values())))


def annotate(database: Correctable, week: Week, text: str) -> None:
    """Attach a public explanation to a week; an empty text removes it.

    Raises StoreError.
    """
    if text:
        _check_text("TEXT", text)
    with database.writing() as connection:
        _refuse_unknown(connection, week)
        connection.execute("DELETE FROM annotations WHERE week = ?", (str(week),))
        if text:
            connection.execute("INSERT INTO annotations VALUES (?, ?)", (str(week), text))
        publication_log.annotated(connection, str(week))
        deliveries.correct(connection, str(week), str(week))


def cover(
    database: Correctable, week: Week, *, project: str, installations: int, source: str
) -> None:
    """State how many installations of a project exist, by another source; 0 takes it back.

    Raises StoreError.
    """
    if not 0 <= installations <= MAX_INSTALLATIONS:
        msg = (
            f"--installations {installations}: a whole number from 1 to {MAX_INSTALLATIONS}, or 0 "
            "to take the number back"
        )
        raise StoreError(msg)
    if installations:
        _check_text("--source", source)
    at = (str(week), project)
    with database.writing() as connection:
        _refuse_unknown(connection, week)
        _keys(connection, project)
        connection.execute("DELETE FROM coverages WHERE week = ? AND project = ?", at)
        if installations:
            connection.execute(
                "INSERT INTO coverages VALUES (?, ?, ?, ?)", (*at, installations, source)
            )
        publication_log.covered(connection, *at)


def discard(database: Correctable, week: Week, today: date) -> None:
    """Give up an open week whose key is lost; the server begins the week anew.

    Its tokens and totals are dropped. Published totals stay, and a notice tells readers
    that the week's totals are incomplete. Raises StoreError.
    """
    with database.writing() as connection:
        if str(week) not in _open_weeks(connection):
            msg = (
                f"--week {week}: not open; open are {', '.join(_open_weeks(connection)) or 'none'}"
            )
            raise StoreError(msg)
        connection.execute("DELETE FROM week_registries WHERE week = ?", (str(week),))
        database.give_up(connection, week)
        connection.execute(
            "INSERT INTO annotations VALUES (?, ?)"
            " ON CONFLICT (week) DO UPDATE SET text = excluded.text",
            (str(week), f"Reports received before {today.isoformat()} were lost."),
        )


def _open_weeks(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT week FROM weeks WHERE closed IS NULL ORDER BY week")
    return [week for (week,) in rows]


def _refuse_unknown(connection: Connection, week: Week) -> None:
    weeks = [found for (found,) in connection.execute("SELECT week FROM weeks ORDER BY week")]
    if str(week) not in weeks:
        known = f"it has {weeks[0]} to {weeks[-1]}" if weeks else "it has none yet"
        msg = f"--week {week}: this database has no such week; {known}"
        raise StoreError(msg)


def _keys(connection: Connection, project: str) -> dict[str, int]:
    rows = connection.execute("SELECT name, key FROM keys WHERE project = ?", (project,))
    names = dict(rows.fetchall())
    if not names:
        msg = f"--project {project}: this database knows no such project"
        raise StoreError(msg)
    return names


def _number(connection: Connection, project: str, key: str) -> int:
    names = _keys(connection, project)
    if key not in names:
        msg = f"--key {key}: {project} has no such key; it has {', '.join(sorted(names))}"
        raise StoreError(msg)
    return names[key]


def _check_text(flag: str, text: str) -> None:
    if not text.strip() or len(text) > MAX_LENGTH or not text.isprintable():
        msg = (
            f"{flag}: one line of 1 to {MAX_LENGTH} printable characters, since everybody reads it"
        )
        raise StoreError(msg)
