"""The SQLite file: who may write to it, how it is opened, and which schema it has.

One process holds the right to write, by an advisory lock beside the file, and writes over
one connection. That is the server, or a command such as `retract` while no server runs. All
others read, over connections that cannot write.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from headcount_server.errors import StoreError
from headcount_server.store.connection import Connection
from headcount_server.store.sqlite.claim import Claim, beside
from headcount_server.store.sqlite.log_file import empty_log
from headcount_server.store.sqlite.schema import migrations
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.week import Week

APPLICATION_ID = 0x68646374
"""Marks the file as headcount's (`hdct`)."""

_RESTORE = "move it away, and put a backup in its place with `headcount-server restore`"

_PRAGMAS = (
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=1000",
    # Only a reader can block, and only a truncation, which is tried again anyway.
    "busy_timeout=250",
)


def token_table(week: Week) -> str:
    """Return the name of the table of a week's tokens."""
    return f"tokens_{week.year:04}_W{week.number:02}"


def connect(path: Path, *, restoring: bool = False) -> sqlite3.Connection:
    """Return the writing connection, opened under a claim, with the schema up to date.

    Makes the file if there is none, with an identity that its copies share. Only `restore`
    may open a backup with open weeks, because it knows which weeks are over. Raises
    StoreError, OSError or sqlite3.Error.
    """
    refuse_torn(path)
    # Made here, so that only its owner can read it; log and index inherit the mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        uri(path, "rw"),
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        # Room for a statement for each usual size of a group, so that it is prepared once.
        cached_statements=512,
    )
    try:
        refuse_strange(connection, path, empty=True)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchone()
        if not restoring:
            _refuse_backup(connection, path)
        if identity(connection) in {_NONE, BACKUP}:
            # Written before there is a log, so that no log of another time fits.
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            stamp(connection, secrets.randbelow(2**31 - 1) + 1)
        connection.execute("PRAGMA journal_mode=WAL").fetchone()
        migrations.apply(Database(connection, execute_plugins=False))
    except BaseException:
        connection.close()
        raise
    return connection


_NONE = 0
"""The identity of a file that has none yet: a new file, or one of an older program."""
BACKUP = -1
"""The identity of a backup, which no process writes to."""


def identity(connection: sqlite3.Connection) -> int:
    """Return the number that a database shares with its log and its copies."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


def _refuse_backup(connection: sqlite3.Connection, path: Path) -> None:
    if identity(connection) == BACKUP and open_weeks(connection):
        msg = (
            f"{path}: a backup with open weeks; put it in place with `headcount-server restore`, "
            "which gives up those that are over"
        )
        raise StoreError(msg)


def stamp(connection: sqlite3.Connection, identity: int) -> None:
    """Write an identity into the first page; the database's own identity changes nothing.

    Each commit writes it, so that every log has it. A commit that changes nothing else
    therefore takes a page and a sync too, and as long as any other commit.
    """
    connection.execute(f"PRAGMA user_version={identity:d}")


def refuse_torn(path: Path) -> None:
    """Raise StoreError for a file whose log or keys belong to another database."""
    log, keys = beside(path, "-wal"), beside(path, ".keys")
    logged = log.exists() and log.stat().st_size > 0
    remedy = (
        "put back the database that it belongs to; or move it away, and begin anew or with "
        "`headcount-server restore`"
    )
    if not path.exists() or path.stat().st_size == 0:
        for left in [log] if logged else sorted(keys.glob("*.key")):
            state = "is empty" if path.exists() else "is not there"
            raise StoreError(f"{path}: {state}, but {left} is; {remedy}")
    elif logged:
        own = _identity_without_log(path)
        with closing(sqlite3.connect(uri(path), uri=True)) as together:
            theirs = identity(together)
        if own not in {_NONE, theirs}:
            raise StoreError(f"{path}: {log} is the log of another database; {remedy}")


def _identity_without_log(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{uri(path)}&immutable=1", uri=True)) as alone:
            return identity(alone)
    except sqlite3.DatabaseError:
        return _NONE  # the log will complete a checkpoint that was cut off


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a command the lock and a connection, in one transaction.

    Afterwards nothing of the deleted rows is left, and no key of a week that is not open. Raises
    StoreError if there is no such database, a server runs on it, or it cannot be written.
    """
    with _claimed(path) as connection:
        before = open_weeks(connection)
        with _transaction(connection):
            yield connection
            rewrite(connection, CORRECTED)
        empty_log(connection, path)
        _destroy_keys(connection, path, before)


@contextmanager
def noting(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a command the lock and a connection, in one transaction that deletes no totals.

    Raises StoreError as `writing` does.
    """
    with _claimed(path) as connection, _transaction(connection):
        yield connection


@contextmanager
def _claimed(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.exists():
        refuse_torn(path)
        msg = f"{path}: there is no such database"
        raise StoreError(msg)
    claim = Claim(path)
    try:
        with closing(connect(path)) as connection:
            claim.take_name(identity(connection))
            yield connection
    except (OSError, sqlite3.Error) as error:
        raise StoreError(told(path, error)) from error
    finally:
        claim.release()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        stamp(connection, identity(connection))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


CORRECTED = (
    "published_answers",
    "published_values",
    "annotations",
    "coverages",
    "log_salts",
    "open_answers",
    "open_values",
)
"""Tables that a command deletes rows from."""


def rewrite(connection: Connection, tables: Iterable[str], rows: str = "") -> None:
    """Rewrite tables with only these of their rows, so that no page keeps deleted rows.

    `secure_delete` overwrites rows, but not the copies that SQLite leaves in a page when it
    splits it. Emptying a table wipes its pages whole. `VACUUM` would do so too, but it also
    shortens the file, whose end would stay readable on the disk.
    """
    for table in tables:
        connection.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM main.{table} {rows}")  # noqa: S608 - our names
        connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 - our names
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM temp.kept")  # noqa: S608 - our names
        connection.execute("DROP TABLE temp.kept")


def open_weeks(connection: Connection) -> set[Week]:
    """Return the weeks that take reports."""
    rows = connection.execute("SELECT week FROM weeks WHERE closed IS NULL")
    return {Week.parse(week) for (week,) in rows}


def _destroy_keys(connection: sqlite3.Connection, path: Path, before: set[Week]) -> None:
    """Destroy the keys of weeks that were given up, whatever they hold, and leftover keys."""
    keys = WeekKeys(beside(path, ".keys"), key_checks(connection))
    after = open_weeks(connection)
    for week in before - after:
        keys.destroy(week)
    keys.destroy_all_but(after)


def key_checks(connection: Connection) -> dict[Week, bytes]:
    """Return the check values of a database's week keys; an older schema has none."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'key_checks'").fetchone()
    rows = connection.execute("SELECT week, key_check FROM key_checks") if there else ()
    return {Week.parse(week): check for week, check in rows}


@contextmanager
def reading(path: Path, *, older: bool = False) -> Iterator[sqlite3.Connection]:
    """Give a connection that cannot write, on one snapshot; it works beside a running server.

    Raises StoreError if the file is missing, strange, unreadable, of a newer schema, or,
    unless `older` is set, of an older one.
    """
    refuse_torn(path)
    if not path.exists():
        msg = f"{path}: there is no such database"
        raise StoreError(msg)
    try:
        with closing(read_only(path)) as connection:
            refuse_strange(connection, path, empty=False)
            version = len(applied(connection))
            if version < newest() and not older:
                msg = (
                    f"{path}: its schema is version {version}; start the server with this program "
                    f"once, which brings it to {newest()}"
                )
                raise StoreError(msg)
            connection.execute("BEGIN")
            yield connection
    except sqlite3.Error as error:
        msg = told(path, error)
        if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_ROLLBACK":
            msg = (
                f"{path}: a crash left it in the middle of a write; start the server on it once, "
                "which puts that right"
            )
        raise StoreError(msg) from error


def told(path: Path, error: Exception) -> str:
    """Return an error of the file in words for the operator, with the remedy if it is damaged."""
    name = getattr(error, "sqlite_errorname", "")
    remedy = f"; {_RESTORE}" if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) else ""
    return f"{path}: {error}{remedy}"


def read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write."""
    connection = sqlite3.connect(uri(path), uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def uri(path: Path, mode: str = "ro") -> str:
    """Return the URI of the file, for reading alone or in another mode."""
    return f"{path.absolute().as_uri()}?mode={mode}"


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the names of this schema's steps, in order; their number is its version."""
    return [done.name for done in migrations.applied(Database(connection, execute_plugins=False))]


def newest() -> int:
    """Return the schema version of this program."""
    with closing(sqlite3.connect(":memory:")) as nothing:
        return len(migrations.pending(Database(nothing, execute_plugins=False)))


def refuse_strange(connection: sqlite3.Connection, path: Path, *, empty: bool) -> None:
    """Raise StoreError for another program's file and for a schema newer than the program's."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not empty and not tables and path.stat().st_size == 0:
        msg = f"{path}: the file is empty; put the database or a backup in its place"
        raise StoreError(msg)
    if owner != APPLICATION_ID and (tables or not empty):
        msg = f"{path}: a SQLite file of another program; name one of your own"
        raise StoreError(msg)
    version = len(applied(connection))
    if version > newest():
        msg = (
            f"{path}: its schema is version {version}, and this program knows {newest()}; use the "
            "headcount-server that wrote it, or restore a backup made before the upgrade"
        )
        raise StoreError(msg)
    if version:  # if not, its creation was cut off before the first step, and goes on
        _refuse_impossible(connection, path)


def _refuse_impossible(connection: sqlite3.Connection, path: Path) -> None:
    for week, closes in connection.execute("SELECT week, closes FROM weeks"):
        try:
            Week.parse(week)
            datetime.fromisoformat(closes)
        except ValueError:
            msg = f"{path}: damaged: it has a week {week} that closes {closes}; {_RESTORE}"
            raise StoreError(msg) from None
