"""A SQLite file that is copied from or into; see `copying`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.store.database import Row
from headcount_server.store.sqlite import connections
from headcount_server.store.sqlite.claim import Claim, beside
from headcount_server.store.sqlite.connections import token_table
from headcount_server.store.sqlite.erasing import destroy
from headcount_server.store.sqlite.log_file import empty_log
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.week import Week


class SqliteSide:
    """A SQLite file within a transaction."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._path = path
        self._keys = WeekKeys(beside(path, ".keys"), connections.key_checks(connection))

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of a table in the order of its columns."""
        with _told(self._path):
            if table == "weeks":
                for week, threshold, closes, closed in self._ordered("weeks"):
                    yield week, threshold, closes, closed, self._key(week) if not closed else None
            elif table == "tokens":
                for week, *_, closed in self._ordered("weeks"):
                    if not closed:
                        for (token,) in self._ordered(token_table(Week.parse(week))):
                            yield week, token, None
            else:
                yield from self._ordered(table)

    def _ordered(self, table: str) -> Iterator[Row]:
        order = ", ".join(map(str, range(1, self._width(table) + 1)))
        return self.connection.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608 - our names

    def _key(self, week: str) -> bytes:
        self._keys.load(Week.parse(week))
        return self._keys.key(Week.parse(week))

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a table."""
        with _told(self._path):
            if table == "weeks":
                for *week, key in rows:
                    self._insert("weeks", [week])
                    if key is not None:
                        self._begin(Week.parse(week[0]), key)
            elif table == "tokens":
                for name, some in groupby(rows, itemgetter(0)):
                    self._insert(token_table(Week.parse(name)), ([token] for _, token, _ in some))
            else:
                self._insert(table, rows)

    def _insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        places = ", ".join("?" * self._width(table))
        self.connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - our names

    def _width(self, table: str) -> int:
        query = "SELECT count(*) FROM pragma_table_info(?)"
        (columns,) = self.connection.execute(query, (table,)).fetchone()
        return int(columns)

    def _begin(self, week: Week, key: bytes) -> None:
        def record(check: bytes) -> None:
            self.connection.execute("INSERT INTO key_checks VALUES (?, ?)", (str(week), check))

        self._keys.create(week, key, record)
        self.connection.execute(
            f"CREATE TABLE {token_table(week)} (token BLOB PRIMARY KEY) STRICT, WITHOUT ROWID"
        )

    def undo(self) -> None:
        """Remove the file and the keys."""
        self._keys.destroy_all_but(set())
        beside(self._path, ".keys").rmdir()
        for suffix in ("-wal", "-shm", ""):
            destroy(beside(self._path, suffix))


@contextmanager
def leaving(path: Path) -> Iterator[SqliteSide]:
    """Give a file that no server runs on. Raises StoreError."""
    if not path.exists():
        msg = f"{path}: there is no such database"
        raise StoreError(msg)
    claim = Claim(path)
    try:
        with connections.reading(path) as connection:
            claim.take_name(connections.identity(connection))
            yield SqliteSide(path, connection)
    finally:
        claim.release()


@contextmanager
def arriving(path: Path) -> Iterator[SqliteSide]:
    """Give a new file, which is removed if anything fails. Raises StoreError."""
    claim = Claim(path)
    try:
        for suffix in ("", "-wal", "-shm", ".keys"):
            if beside(path, suffix).exists():
                msg = (
                    f"--to {beside(path, suffix)}: exists; a copy needs a place of its own: name "
                    "another file, or move this one away"
                )
                raise StoreError(msg)
        with _told(path), closing(connections.connect(path)) as connection:
            side = SqliteSide(path, connection)
            beside(path, ".keys").mkdir(mode=0o700)
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield side
                connection.execute("COMMIT")
            except BaseException:
                with suppress(OSError, sqlite3.Error):
                    connection.rollback()
                    empty_log(connection, path)
                connection.close()
                side.undo()
                raise
            empty_log(connection, path)
    finally:
        claim.release()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        msg = f"{path}: {error}"
        raise StoreError(msg) from error
