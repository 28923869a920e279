"""The SQLite file: who may write to it, how it is opened, and which schema it has.

One process holds the right to write (an advisory lock beside the file), over
one connection; that is the server, or a command such as `retract` while no
server runs. Everybody else reads, over connections that cannot write.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from headcount_server.errors import StoreError
from headcount_server.store.sqlite.schema import migrations
from headcount_server.week import Week

APPLICATION_ID = 0x68646374
"""Marks the file as ours (`hdct`)."""

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=1000",
    # Only a reader can be in the way, of a truncation that is tried again anyway.
    "busy_timeout=250",
)


def beside(path: Path, suffix: str) -> Path:
    """A file that belongs to a database: `-wal`, `-shm`, `.lock` or `.keys`."""
    return path.with_name(f"{path.name}{suffix}")


def token_table(week: Week) -> str:
    """Name of the table of a week's tokens."""
    return f"tokens_{week.year:04}_W{week.number:02}"


def lock(path: Path) -> int:
    """Hold the right to write to a database; it ends with the process.

    Raises StoreError where another process holds it.
    """
    try:
        descriptor = os.open(beside(path, ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise StoreError(msg) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        msg = f"{path}: another server has it open; stop that one or name another database"
        raise StoreError(msg) from error
    return descriptor


def connect(path: Path) -> sqlite3.Connection:
    """The writing connection, to be opened under the lock; brings the schema up to date.

    Makes the file where there is none. Raises StoreError, OSError, sqlite3.Error.
    """
    # Made by us, so that only we can read it; WAL and index inherit the mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, uri=True)
    try:
        refuse_strange(connection, path, empty=True)
        for pragma in (*_PRAGMAS, f"application_id={APPLICATION_ID}"):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        migrations.apply(Database(connection, execute_plugins=False))
    except BaseException:
        connection.close()
        raise
    return connection


def empty_log(connection: sqlite3.Connection, path: Path) -> bool:
    """Empty the write-ahead log for good; False where a reader is in the way.

    Raises OSError, sqlite3.Error.
    """
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        return False
    # SQLite does not sync the truncation: after a power cut the last commits could be back.
    descriptor = os.open(beside(path, "-wal"), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The lock and the connection of a command, in one transaction; then the log is emptied.

    Raises StoreError where there is no such database, a server runs on it, or
    it cannot be written.
    """
    if not path.exists():
        msg = f"{path}: there is no such database"
        raise StoreError(msg)
    held = lock(path)
    try:
        with closing(connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            # Rewrites the file, so that no unused page keeps what was deleted.
            connection.execute("VACUUM")
            empty_log(connection, path)
    except (OSError, sqlite3.Error) as error:
        msg = f"{path}: {error}"
        raise StoreError(msg) from error
    finally:
        os.close(held)


@contextmanager
def reading(path: Path, *, older: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, on one snapshot; works beside a running server.

    Raises StoreError where the file is missing, strange, unreadable, of a newer
    schema, or of an older one unless that is asked for.
    """
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
        msg = f"{path}: {error}"
        if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_ROLLBACK":
            msg = (
                f"{path}: a crash left it in the middle of a write; start the server on it once, "
                "which puts that right"
            )
        raise StoreError(msg) from error


def read_only(path: Path) -> sqlite3.Connection:
    """A connection through which nothing can be written."""
    connection = sqlite3.connect(uri(path), uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only=ON")
    return connection


def uri(path: Path) -> str:
    """The file as SQLite opens it for reading alone."""
    return f"{path.absolute().as_uri()}?mode=ro"


def applied(connection: sqlite3.Connection) -> list[str]:
    """Names of the steps that made this schema, in order; their number is its version."""
    return [done.name for done in migrations.applied(Database(connection, execute_plugins=False))]


def newest() -> int:
    """The schema version of this program."""
    with closing(sqlite3.connect(":memory:")) as nothing:
        return len(migrations.pending(Database(nothing, execute_plugins=False)))


def refuse_strange(connection: sqlite3.Connection, path: Path, *, empty: bool) -> None:
    """Raise StoreError for another program's file and for a schema newer than the program's."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
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
