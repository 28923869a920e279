"""Makes backups of a database, and restores them.

A backup is a database of its own. Without open weeks it is made by copying the closed weeks into an
empty file, so that no data of an open week ever reach the place of the backups. With open weeks it
is a whole copy, with their keys beside it, and holds what the close must destroy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.publication.log_leaves import Head, Leaf
from headcount_server.store import deliveries, folding, publication_log, retractions
from headcount_server.store.sqlite import connections
from headcount_server.store.sqlite.claim import Claim, beside
from headcount_server.store.sqlite.connections import BACKUP
from headcount_server.store.sqlite.erasing import destroy, sync
from headcount_server.store.sqlite.log_file import empty_log
from headcount_server.store.sqlite.store import drop_week
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.week import Week

_CLOSED = "WHERE week IN (SELECT week FROM source.weeks WHERE closed IS NOT NULL)"
_COPIED = {
    "weeks": "WHERE closed IS NOT NULL",
    "week_registries": _CLOSED,
    "schemas": "",
    "keys": "",
    "published_reports": "",
    "published_answers": "",
    "published_values": "",
    "key_terms": _CLOSED,
    "places": _CLOSED,
    "told_apart": "",
    "retractions": "",
    "annotations": "",
    "coverages": "",
    "log_leaves": "",
    "log_salts": "",
}
"""Tables of a backup without open weeks, each with a condition on its rows."""


GIVEN_UP = "Given up: restored from a backup after its close, and a week is published once."
"""The public notice about a week that `restore` gave up."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a database or a backup."""

    closed_weeks: int
    open_weeks: tuple[str, ...]
    """Weeks whose tokens and exact totals it holds."""


@dataclass(frozen=True, slots=True)
class Former:
    """What is known of the database that a backup replaces."""

    keys: Sequence[tuple[str, int, str]]
    """Project, number and name of keys that were retracted."""
    retractions: Sequence[tuple[str, str, int, str, str]]
    """Rows of `retractions`, by week."""
    head: Head | None
    """The newest head of its log; None if it had no log."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    content: Content
    given_up: tuple[str, ...]
    """Weeks that are closed without published totals."""
    after: str | None
    """The last week for which the new log cannot vouch; None if the log goes on, or there is
    none."""


def back_up(database: Path, file: Path, *, open_weeks: bool) -> Content:
    """Copy a database, even beside a running server, and verify the copy.

    The file appears under its name only once it is complete. Raises StoreError.
    """
    _refuse_existing(file)
    with connections.reading(database, older=True) as source, _in_the_making(file) as draft:
        if open_weeks:
            source.execute("ROLLBACK")  # VACUUM takes a snapshot of its own
            source.execute("PRAGMA query_only=OFF")  # it also forbids VACUUM INTO another file
            source.execute("VACUUM INTO ?", (str(draft),))
            with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
                connections.stamp(copy, BACKUP)
        else:
            _copy_closed(source, draft, database)
        content = _verified(draft)
        if content.open_weeks:
            _copy_keys(database, file, draft, content.open_weeks)
    return content


def former_database(path: Path) -> Former:
    """Return what a former database says. Raises StoreError if it is unreadable."""
    with connections.reading(path, older=True) as source:
        there = {name for (name,) in source.execute("SELECT name FROM sqlite_schema")}
        if "retractions" not in there:
            return Former((), (), None)
        return Former(
            source.execute("SELECT * FROM keys").fetchall(),
            source.execute("SELECT * FROM retractions ORDER BY week").fetchall(),
            publication_log.head(source) if "log_leaves" in there else None,
        )


def former_log(found: Sequence[Leaf], head: Head) -> Former:
    """Return what the leaves of retractions in a published log say of its database."""
    rows = [
        (week, leaf["project"], leaf["key"], leaf["reason"], leaf["date"])
        for leaf in found
        for week in (*leaf["weeks"], *([retractions.ALWAYS] if leaf["always"] else []))
    ]
    keys = [(leaf["project"], leaf["key"], leaf["name"]) for leaf in found]
    return Former(keys, sorted(rows), head)


def restore(backup: Path, database: Path, now: datetime, former: Former | None) -> Restored:
    """Put a backup in the place of a database that is gone.

    A week is published once, so a week that is open in the backup and past its close is given up
    with a public notice. Retractions of the `former` database are repeated. Unless its log ends
    where the backup's log does, a new log begins. Raises StoreError.
    """
    claim = Claim(database)
    try:
        for suffix in ("", "-wal", "-shm", ".keys"):
            _refuse_existing(beside(database, suffix))
        with connections.reading(backup, older=True), _in_the_making(database) as draft:
            shutil.copyfile(backup, draft)
            _verified(draft)
            with closing(connections.connect(draft, restoring=True)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                kept = publication_log.head(connection)
                given_up = tuple(_give_up(connection, now))
                if former is not None:
                    _retract(connection, former)
                after = _begin_log(connection, now, kept, former)
                # Destinations may have been given other weeks since.
                deliveries.begin_anew(connection)
                connections.rewrite(connection, connections.CORRECTED)
                connection.execute("COMMIT")
                empty_log(connection, draft)
            content = _verified(draft)
            if content.open_weeks:
                _copy_keys(backup, database, draft, content.open_weeks)
    except (OSError, sqlite3.Error) as error:
        msg = f"{backup}: {error}"
        raise StoreError(msg) from error
    finally:
        claim.release()
    return Restored(content, given_up, after)


def _give_up(connection: sqlite3.Connection, now: datetime) -> Iterator[str]:
    rows = connection.execute(
        "SELECT week, threshold, closes FROM weeks WHERE closed IS NULL ORDER BY week"
    ).fetchall()
    for week, threshold, closes in rows:
        if datetime.fromisoformat(closes) <= now:
            drop_week(connection, Week.parse(week))
            connection.execute("DELETE FROM key_checks WHERE week = ?", (week,))
            connection.execute(
                "UPDATE weeks SET closed = ? WHERE week = ?", (now.isoformat(), week)
            )
            connection.execute("DELETE FROM annotations WHERE week = ?", (week,))
            connection.execute("INSERT INTO annotations VALUES (?, ?)", (week, GIVEN_UP))
            publication_log.record(connection, Week.parse(week), threshold)
            yield week


def _begin_log(
    connection: sqlite3.Connection, now: datetime, kept: Head | None, former: Former | None
) -> str | None:
    """Begin a new log unless the backup has all that was published of the former one."""
    newest = former.head if former else None
    if (kept is None and newest is None) or kept == newest:
        return None
    head = newest or kept
    assert head is not None  # noqa: S101 - one of them is there
    publication_log.begin_anew(connection, now.date().isoformat(), head)
    first = publication_log.first_leaf(connection)
    return str(first["after"]) if first else None


def _retract(connection: sqlite3.Connection, former: Former) -> None:
    closed = {
        week for (week,) in connection.execute("SELECT week FROM weeks WHERE closed IS NOT NULL")
    }
    connection.executemany("INSERT INTO keys VALUES (?, ?, ?) ON CONFLICT DO NOTHING", former.keys)
    for week, project, key, reason, day in former.retractions:
        if week == retractions.ALWAYS:
            for opened in connections.open_weeks(connection):
                retractions.take_down(connection, "open", str(opened), project, key)
        elif week in closed:
            folding.take_down(connection, project, key, [week])
        else:
            continue
        retractions.note(connection, week, project, key, reason, date.fromisoformat(day))


def _refuse_existing(path: Path) -> None:
    if path.exists():
        msg = f"{path}: is there already; name another file, or move it away first"
        raise StoreError(msg)


@contextmanager
def _in_the_making(file: Path) -> Iterator[Path]:
    """Give a draft beside the file that only its owner can read; then rename or remove it.

    The draft is renamed if all went well, and removed if not.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}") from error
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
        sync(draft)
        draft.rename(file)
        sync(file.parent)
    except (OSError, sqlite3.Error) as error:
        msg = f"{file}: {error}"
        raise StoreError(msg) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            destroy(beside(draft, suffix))


def _copy_closed(source: sqlite3.Connection, draft: Path, database: Path) -> None:
    there = {name for (name,) in source.execute("SELECT name FROM sqlite_schema")}
    with closing(connections.connect(draft)) as target:
        target.execute("ATTACH ? AS source", (connections.uri(database),))
        target.execute("BEGIN")  # one snapshot of the source for all tables
        for table, rows in _COPIED.items():
            if table in there:
                target.execute(f"INSERT INTO {table} SELECT * FROM source.{table} {rows}")  # noqa: S608 - our names
        target.execute("COMMIT")
        target.execute("DETACH source")
        # From here on it is a single file, without a log beside it.
        target.execute("PRAGMA journal_mode=DELETE").fetchone()
        connections.stamp(target, BACKUP)


def _verified(file: Path) -> Content:
    with connections.reading(file, older=True) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()
        if found != ("ok",):
            msg = f"{file}: damaged ({found[0]}); use another backup"
            raise StoreError(msg)
        rows = connection.execute("SELECT week, closed FROM weeks ORDER BY week").fetchall()
    open_weeks = tuple(week for week, closed in rows if closed is None)
    return Content(len(rows) - len(open_weeks), open_weeks)


def _copy_keys(source: Path, target: Path, draft: Path, weeks: tuple[str, ...]) -> None:
    """Copy the keys of weeks, whose check values the draft of the target must have."""
    directory = beside(target, ".keys")
    _refuse_existing(directory)
    directory.mkdir(mode=0o700)
    try:
        with connections.reading(draft, older=True) as connection:
            checks = connections.key_checks(connection)
        keys = WeekKeys(beside(source, ".keys"), dict(checks))
        copies = WeekKeys(directory)
        for week in map(Week.parse, weeks):
            keys.load(week)
            copies.create(week, keys.key(week))
    except BaseException:
        for copy in directory.iterdir():
            destroy(copy)
        directory.rmdir()
        raise
