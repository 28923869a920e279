"""Corrections by the operator: totals taken down, weeks explained, a week given up.

They change the database, so they need the right to write to it, which a
running server holds: stop it, correct, start it again. A stop of seconds costs
nothing, since clients try again.
"""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

from headcount_server import retraction, sqlite_file
from headcount_server.errors import StoreError
from headcount_server.sqlite_file import beside
from headcount_server.week import Week
from headcount_server.week_keys import WeekKeys

MAX_LENGTH = 500
"""Longest reason or explanation, in characters."""


def retract(  # noqa: PLR0913 - the command hands over one of each
    database: Path, *, project: str, key: str, week: Week | None, reason: str, today: date
) -> list[str]:
    """Take down what was published of a key in one week, or in all and for ever.

    Where it is for ever, exact totals of open weeks go too, and no later week
    publishes the key. Returns the weeks that something was taken down from.
    Raises StoreError.
    """
    _check_text("--reason", reason)
    with sqlite_file.writing(database) as connection:
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
        for found in weeks:
            retraction.take_down(connection, "published", found, project, number)
            retraction.note(connection, found, project, number, reason, today)
        if week is None:
            retraction.note(connection, retraction.ALWAYS, project, number, reason, today)
            for found in _open_weeks(connection):
                retraction.take_down(connection, "open", found, project, number)
    return weeks


def annotate(database: Path, week: Week, text: str) -> None:
    """Explain a week to everybody who reads its totals; an empty text takes that back.

    Raises StoreError.
    """
    if text:
        _check_text("TEXT", text)
    with sqlite_file.writing(database) as connection:
        _refuse_unknown(connection, week)
        connection.execute("DELETE FROM annotations WHERE week = ?", (str(week),))
        if text:
            connection.execute("INSERT INTO annotations VALUES (?, ?)", (str(week), text))


def discard(database: Path, week: Week, today: date) -> None:
    """Give up an open week whose key is lost; the server begins it anew.

    Its tokens and totals are dropped, what is published stays, and a notice
    tells readers that the week's totals are incomplete. Raises StoreError.
    """
    with sqlite_file.writing(database) as connection:
        if str(week) not in _open_weeks(connection):
            msg = (
                f"--week {week}: not open; open are {', '.join(_open_weeks(connection)) or 'none'}"
            )
            raise StoreError(msg)
        for table in ("open_reports", "open_answers", "open_values", "week_registries", "weeks"):
            connection.execute(f"DELETE FROM {table} WHERE week = ?", (str(week),))  # noqa: S608 - our names
        connection.execute(f"DROP TABLE IF EXISTS {sqlite_file.token_table(week)}")
        connection.execute(
            "INSERT OR REPLACE INTO annotations VALUES (?, ?)",
            (str(week), f"Reports received before {today.isoformat()} were lost."),
        )
        kept = {Week.parse(found) for found in _open_weeks(connection)}
    WeekKeys(beside(database, ".keys")).destroy_all_but(kept)


def _open_weeks(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT week FROM weeks WHERE closed IS NULL ORDER BY week")
    return [week for (week,) in rows]


def _refuse_unknown(connection: sqlite3.Connection, week: Week) -> None:
    weeks = [found for (found,) in connection.execute("SELECT week FROM weeks ORDER BY week")]
    if str(week) not in weeks:
        known = f"it has {weeks[0]} to {weeks[-1]}" if weeks else "it has none yet"
        msg = f"--week {week}: this database has no such week; {known}"
        raise StoreError(msg)


def _number(connection: sqlite3.Connection, project: str, key: str) -> int:
    names = dict(
        connection.execute("SELECT name, key FROM keys WHERE project = ?", (project,)).fetchall()
    )
    if not names:
        msg = f"--project {project}: this database knows no such project"
        raise StoreError(msg)
    if key not in names:
        msg = f"--key {key}: {project} has no such key; it has {', '.join(sorted(names))}"
        raise StoreError(msg)
    return int(names[key])


def _check_text(flag: str, text: str) -> None:
    if not text.strip() or len(text) > MAX_LENGTH or not text.isprintable():
        msg = (
            f"{flag}: one line of 1 to {MAX_LENGTH} printable characters, since everybody reads it"
        )
        raise StoreError(msg)
