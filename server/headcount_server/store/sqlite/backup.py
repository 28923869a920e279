"""Backups: a copy of what is published, and back.

A backup is a database of its own. Without open weeks it is made by copying the
closed ones into an empty file, so that nothing of an open week ever touches
the place where backups are kept. With open weeks it is a whole copy, their
keys beside it, and holds what the close is there to destroy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.store.sqlite import connections
from headcount_server.store.sqlite.connections import beside

_CLOSED = "WHERE week IN (SELECT week FROM source.weeks WHERE closed IS NOT NULL)"
_COPIED = {
    "weeks": "WHERE closed IS NOT NULL",
    "week_registries": _CLOSED,
    "keys": "",
    "published_reports": "",
    "published_answers": "",
    "published_values": "",
    "key_terms": _CLOSED,
    "places": _CLOSED,
    "told_apart": "",
    "retractions": "",
    "annotations": "",
}
"""Tables of a backup without open weeks, and which of their rows."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a database or a backup holds."""

    closed_weeks: int
    open_weeks: tuple[str, ...]
    """Weeks whose tokens and exact totals it holds."""


def back_up(database: Path, file: Path, *, open_weeks: bool) -> Content:
    """Copy a database, also beside a running server, and verify the copy.

    The file appears under its name only when it is whole. Raises StoreError.
    """
    _refuse_existing(file)
    with connections.reading(database, older=True) as source, _in_the_making(file) as draft:
        if open_weeks:
            source.execute("ROLLBACK")  # VACUUM takes a snapshot of its own
            source.execute("PRAGMA query_only=OFF")  # forbids VACUUM INTO another file too
            source.execute("VACUUM INTO ?", (str(draft),))
        else:
            _copy_closed(source, draft, database)
        content = _verified(draft)
        if content.open_weeks:
            _copy_keys(beside(database, ".keys"), beside(file, ".keys"), content.open_weeks)
    return content


def restore(backup: Path, database: Path) -> Content:
    """Put a backup in the place of a database that is gone. Raises StoreError."""
    held = connections.lock(database)
    try:
        for suffix in ("", "-wal", "-shm", ".keys"):
            _refuse_existing(beside(database, suffix))
        with connections.reading(backup, older=True), _in_the_making(database) as draft:
            shutil.copyfile(backup, draft)
            content = _verified(draft)
            if content.open_weeks:
                _copy_keys(beside(backup, ".keys"), beside(database, ".keys"), content.open_weeks)
    except OSError as error:
        msg = f"{backup}: {error.strerror}"
        raise StoreError(msg) from error
    finally:
        os.close(held)
    return content


def _refuse_existing(path: Path) -> None:
    if path.exists():
        msg = f"{path}: is there already; name another file, or move it away first"
        raise StoreError(msg)


@contextmanager
def _in_the_making(file: Path) -> Iterator[Path]:
    """A file beside, that only we can read; renamed when all went well, else removed."""
    draft = beside(file, ".part")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield draft
        _sync(draft)
        draft.rename(file)
        _sync(file.parent)
    except (OSError, sqlite3.Error) as error:
        msg = f"{file}: {error}"
        raise StoreError(msg) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            beside(draft, suffix).unlink(missing_ok=True)


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
        # A file of its own from here on, without a log beside it.
        target.execute("PRAGMA journal_mode=DELETE").fetchone()


def _verified(file: Path) -> Content:
    with connections.reading(file, older=True) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()
        if found != ("ok",):
            msg = f"{file}: damaged ({found[0]}); use another backup"
            raise StoreError(msg)
        rows = connection.execute("SELECT week, closed FROM weeks ORDER BY week").fetchall()
    open_weeks = tuple(week for week, closed in rows if closed is None)
    return Content(len(rows) - len(open_weeks), open_weeks)


def _copy_keys(source: Path, target: Path, weeks: tuple[str, ...]) -> None:
    _refuse_existing(target)
    target.mkdir(mode=0o700)
    for week in weeks:
        key = source / f"{week}.key"
        copy = target / key.name
        try:
            os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            shutil.copyfile(key, copy)
            _sync(copy)
        except OSError as error:
            shutil.rmtree(target)
            msg = f"{key}: {error.strerror}; did the week close just now? Try again"
            raise StoreError(msg) from error
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
