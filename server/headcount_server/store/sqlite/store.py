"""The store on SQLite: one file, one writing connection, group commit.

Exactly one connection writes and checkpoints, from one thread. Readers open the file
read-only for a single query, because SQLite up to 3.51.2 can corrupt a WAL if two
connections write or checkpoint at once. `synchronous=FULL` makes a commit durable, and
`secure_delete=ON` overwrites deleted rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from headcount_server.counting.vocabulary import Vocabulary
from headcount_server.errors import StoreError, Unavailable
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Schema
from headcount_server.store import opening, published_tables
from headcount_server.store.allowance import Allowance
from headcount_server.store.closing import publish
from headcount_server.store.connection import Connection
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite import connections
from headcount_server.store.sqlite.claim import Claim, beside, delivering
from headcount_server.store.sqlite.connections import (
    connect,
    read_only,
    token_table,
)
from headcount_server.store.sqlite.intake import Intake
from headcount_server.store.sqlite.log_file import empty_log
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.week import Week

_OPEN_TABLES = ("open_reports", "open_answers", "open_values")


class SqliteStore:
    """Keeps tokens and totals in a SQLite file; see `store.contract.Store`.

    Every method but `published` belongs to the writer thread. Raises StoreError if the file
    cannot be used or another server has it open.
    """

    lanes = 1
    open_tables = "open"

    def __init__(self, path: Path, allowance: Allowance | None = None) -> None:
        self._path = path
        self._allowance = allowance or Allowance()
        self._week_keys = WeekKeys(beside(path, ".keys"))
        self._vocabularies: dict[Week, Vocabulary] = {}
        self._weeks: dict[Week, Terms] = {}
        self._closed: set[Week] = set()
        self._claim = Claim(path)
        try:
            self._connection = connect(path)
            try:
                self._begin()
            except BaseException:
                self._connection.close()
                raise
        except (OSError, sqlite3.Error) as error:
            self._claim.release()
            raise StoreError(connections.told(path, error)) from error
        except StoreError:
            self._claim.release()
            raise

    def _begin(self) -> None:
        self._intake = Intake(
            self._connection, self._week_keys, self._weeks, self._vocabularies, self._allowance
        )
        self._identity = connections.identity(self._connection)
        self._claim.take_name(self._identity)
        self._week_keys.checks.update(connections.key_checks(self._connection))
        self._load_weeks()
        self._week_keys.refuse_strangers(set(self._weeks))
        files = [beside(self._path, suffix) for suffix in ("-wal", "-shm")]
        self._claim.watch([self._path, *filter(Path.exists, files)])

    def _load_weeks(self) -> None:
        rows = self._connection.execute("SELECT week, threshold, closes, closed FROM weeks")
        for text, threshold, closes, closed in rows.fetchall():
            week = Week.parse(text)
            if closed:
                self._closed.add(week)
            else:
                self._load_key(week)
                self._weeks[week] = Terms(threshold, datetime.fromisoformat(closes))
                self._vocabularies[week] = self._load_vocabulary(week)

    def _load_key(self, week: Week) -> None:
        known = week in self._week_keys.checks
        self._week_keys.load(week)
        self._claim.watch([self._week_keys.path(week)])
        if not known:  # an older program opened the week
            with self._transaction():
                self._connection.execute(
                    "INSERT INTO key_checks VALUES (?, ?)",
                    (str(week), self._week_keys.checks[week]),
                )

    def _record(self, week: Week, check: bytes) -> None:
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO key_checks VALUES (?, ?)", (str(week), check)
            )

    def _load_vocabulary(self, week: Week) -> Vocabulary:
        vocabulary = Vocabulary()
        for row in self._connection.execute(
            "SELECT project, key, value FROM places WHERE week = ?", (str(week),)
        ):
            vocabulary.reserve(*row)
        for row in self._connection.execute(
            "SELECT DISTINCT project, key, value FROM open_values WHERE week = ?", (str(week),)
        ):
            vocabulary.know(*row)
        return vocabulary

    def lane(self, token: bytes) -> int:  # noqa: ARG002 - there is but one
        """Return the only lane."""
        return 0

    def may_have_changed(self) -> bool:
        """Return False, because no other process writes."""
        return False

    def refresh(self) -> bool:
        """Return False, because no other process writes."""
        return False

    def open_week(self, week: Week, terms: Terms, schema: Schema) -> None:
        """Let a week take reports."""
        if week in self._closed:
            return
        new = week not in self._weeks
        if new:
            # The key is durable before it hashes a token, so a table of tokens never exists
            # without its key.
            with _unavailable("the week cannot be opened"):
                self._claim.check()
                self._week_keys.create(week, record=lambda check: self._record(week, check))
        with _unavailable("the week cannot be opened"), self._transaction():
            if new:
                self._connection.execute(
                    "INSERT INTO weeks VALUES (?, ?, ?, NULL)",
                    (str(week), terms.threshold, terms.closes.isoformat()),
                )
                self._connection.execute(
                    f"CREATE TABLE {token_table(week)}"
                    " (token BLOB PRIMARY KEY) STRICT, WITHOUT ROWID"
                )
            opening.settle(self._connection, week, terms.threshold, schema)
            vocabulary = self._load_vocabulary(week)
        if new:
            self._claim.watch([self._week_keys.path(week)])
            self._weeks[week] = terms
        self._vocabularies[week] = vocabulary

    def open_weeks(self) -> Mapping[Week, Terms]:
        """Return the weeks that take reports, oldest first."""
        return dict(sorted(self._weeks.items()))

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Add reports to their totals in one transaction."""
        try:
            with self._transaction():
                return self._intake.count(entries)
        except (sqlite3.Error, Unavailable) as error:
            with suppress(sqlite3.Error):
                for week in {entry.week for entry in entries} & self._vocabularies.keys():
                    self._vocabularies[week] = self._load_vocabulary(week)
            if isinstance(error, Unavailable):
                raise
            msg = "the totals cannot be written"
            raise Unavailable(msg, str(error)) from error

    def close_week(self, week: Week, now: datetime, note: str = "") -> None:
        """Publish a week and drop its tokens and totals, in one transaction."""
        terms = self._weeks[week]
        with _unavailable("the week cannot be closed"), self._transaction():
            publish(self._connection, week, terms.threshold, note)
            drop_week(self._connection, week)
            self._connection.execute(
                "UPDATE weeks SET closed = ? WHERE week = ?",
                (now.astimezone(UTC).isoformat(), str(week)),
            )
        self._closed.add(week)
        self._claim.watch_no_more([self._week_keys.path(week)])
        del self._weeks[week], self._vocabularies[week]

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for a correction; see `store.corrections.Correctable`."""
        with _unavailable("the correction cannot be made"), self._transaction():
            yield self._connection
            connections.rewrite(self._connection, connections.CORRECTED)
        still_open = connections.open_weeks(self._connection)
        for week in self._weeks.keys() - still_open:
            del self._weeks[week], self._vocabularies[week]
            with suppress(OSError):  # the key may be what was lost
                self._week_keys.destroy(week)
        for week in still_open:
            self._vocabularies[week] = self._load_vocabulary(week)
        self.wipe_leftovers()

    def give_up(self, connection: Connection, week: Week) -> None:
        """Drop an open week, whose key may be lost or damaged."""
        forget_week(connection, week)
        self._claim.watch_no_more([self._week_keys.path(week)])

    def wipe_leftovers(self) -> bool:
        """Destroy keys of closed weeks and empty the write-ahead log."""
        destroyed, emptied = False, False
        with suppress(OSError, sqlite3.Error, StoreError, Unavailable):
            self._claim.check()
            self._week_keys.destroy_all_but(set(self._weeks))
            self._forget_checks()
            destroyed = True
        with suppress(OSError, sqlite3.Error):
            emptied = empty_log(self._connection, self._path, self._claim)
        return destroyed and emptied

    def _forget_checks(self) -> None:
        """Delete the check values of destroyed keys."""
        gone = self._week_keys.checks.keys() - self._weeks.keys()
        if gone:
            with self._transaction():
                self._connection.executemany(
                    "DELETE FROM key_checks WHERE week = ?", [(str(week),) for week in gone]
                )
            for week in gone:
                del self._week_keys.checks[week]

    def published(self, first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        """Return closed weeks, read over a connection of this call alone."""
        with self.snapshot() as reader:
            return published_tables.read(reader, first, last, limit)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Give a connection of this call alone."""
        with (
            _unavailable("the totals cannot be read", self._path),
            closing(read_only(self._path)) as reader,
        ):
            # One snapshot, so that a close in between is seen as a whole or not at all.
            reader.execute("BEGIN")
            yield reader

    @contextmanager
    def noting(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection, within a transaction."""
        with _unavailable("the delivery cannot be noted"), self._transaction():
            yield self._connection

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver, which a command may have."""
        return delivering(self._path)

    def probe(self) -> bool:
        """Return whether a commit succeeds."""
        try:
            with self._transaction():
                # It takes a page and gives it back, so it fails if a report would.
                self._connection.execute("CREATE TABLE probe (x)")
                self._connection.execute("DROP TABLE probe")
        except (sqlite3.Error, Unavailable):
            return False
        return True

    def check(self) -> None:
        """Raise Unavailable if a file was moved, replaced or deleted."""
        self._claim.check()

    def close(self) -> None:
        """Empty the log, close the file and let another server have it."""
        self.wipe_leftovers()
        self._connection.close()
        self._claim.release()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connections.stamp(self._connection, self._identity)
            self._claim.check()  # otherwise acknowledged reports could go to a file that is gone
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


@contextmanager
def _unavailable(failed: str, path: Path | None = None) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        msg = f"{failed}: {error}"
        why = connections.told(path, error) if path else ""
        raise Unavailable(msg, why) from error


def forget_week(connection: Connection, week: Week) -> None:
    """Drop an open week that begins anew, within a transaction."""
    drop_week(connection, week)
    connection.execute("DELETE FROM weeks WHERE week = ?", (str(week),))


def drop_week(connection: Connection, week: Week) -> None:
    """Drop a week's tokens and totals, and all traces of these in the tables of other weeks.

    Runs within a transaction.
    """
    connection.execute(f"DROP TABLE IF EXISTS {token_table(week)}")
    connections.rewrite(connection, _OPEN_TABLES, f"WHERE week <> '{week}'")
