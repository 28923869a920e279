"""The store on SQLite: one file, one writing connection, group commit.

Exactly one connection writes and checkpoints, from one thread; readers open
the file read-only for a single query (SQLite up to 3.51.2 can corrupt a WAL
when two connections write or checkpoint at once). `synchronous=FULL` makes a
commit durable; `secure_delete=ON` overwrites what is deleted.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database

from headcount_server import published
from headcount_server.errors import StoreError, Unavailable
from headcount_server.migrations import migrations
from headcount_server.publication import publish
from headcount_server.schema import Schema
from headcount_server.store import Entry, Outcome, PublishedWeek, Terms
from headcount_server.tally import Cell, Tally
from headcount_server.vocabulary import Vocabulary
from headcount_server.week import Week
from headcount_server.week_keys import WeekKeys

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


class SqliteStore:
    """Keeps tokens and totals in a SQLite file; see `store.Store`.

    Every method but `published` belongs to the writer thread. Raises
    StoreError where the file cannot be used or another server has it open.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._week_keys = WeekKeys(path.with_name(f"{path.name}.keys"))
        self._vocabularies: dict[Week, Vocabulary] = {}
        self._weeks: dict[Week, Terms] = {}
        self._closed: set[Week] = set()
        self._lock = _lock(path)
        try:
            self._connection = self._connect()
            self._load_weeks()
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            msg = f"{path}: {error}"
            raise StoreError(msg) from error
        except StoreError:
            os.close(self._lock)
            raise

    def _connect(self) -> sqlite3.Connection:
        # Made by us, so that only we can read it; WAL and index inherit the mode.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and owner != APPLICATION_ID:
            msg = f"{self._path}: a SQLite file of another program; name one of your own"
            raise StoreError(msg)
        for pragma in (*_PRAGMAS, f"application_id={APPLICATION_ID}"):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        migrations.apply(Database(connection, execute_plugins=False))
        return connection

    def _load_weeks(self) -> None:
        rows = self._connection.execute("SELECT week, threshold, closes, closed FROM weeks")
        for text, threshold, closes, closed in rows.fetchall():
            week = Week.parse(text)
            if closed:
                self._closed.add(week)
            else:
                self._week_keys.load(week)
                self._weeks[week] = Terms(threshold, datetime.fromisoformat(closes))
                self._vocabularies[week] = self._load_vocabulary(week)

    def _load_vocabulary(self, week: Week) -> Vocabulary:
        vocabulary = Vocabulary()
        for row in self._connection.execute(
            "SELECT project, key, value, release FROM open_values WHERE week = ?", (str(week),)
        ):
            vocabulary.know(*row)
        return vocabulary

    def open_week(self, week: Week, terms: Terms, schema: Schema) -> None:
        """Let a week take reports."""
        if week in self._closed:
            return
        new = week not in self._weeks
        if new:
            # The key is durable before a token is hashed with it, so a token
            # table never exists without the key that it needs.
            self._week_keys.create(week)
        with self._transaction():
            if new:
                self._connection.execute(
                    "INSERT INTO weeks VALUES (?, ?, ?, NULL)",
                    (str(week), terms.threshold, terms.closes.isoformat()),
                )
                self._connection.execute(
                    f"CREATE TABLE {_token_table(week)}"
                    " (token BLOB PRIMARY KEY) STRICT, WITHOUT ROWID"
                )
            self._connection.executemany(
                "INSERT INTO week_registries VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [(str(week), *item) for item in schema.digests().items()],
            )
            self._connection.executemany(
                "INSERT INTO keys VALUES (?, ?, ?)"
                " ON CONFLICT (project, key) DO UPDATE SET name = excluded.name",
                [
                    (project.name, number, key.name)
                    for project in schema.projects.values()
                    for number, key in project.keys.items()
                ],
            )
        if new:
            self._weeks[week] = terms
            self._vocabularies[week] = Vocabulary()

    def open_weeks(self) -> Mapping[Week, Terms]:
        """Weeks that take reports, oldest first."""
        return dict(sorted(self._weeks.items()))

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Add reports to their totals in one transaction."""
        tallies: defaultdict[tuple[Week, str], Tally] = defaultdict(Tally)
        outcomes = []
        try:
            with self._transaction():
                for entry in entries:
                    outcome = self._take_token(entry)
                    outcomes.append(outcome)
                    if outcome is Outcome.COUNTED:
                        answers = self._vocabularies[entry.week].fold(entry.project, entry.answers)
                        tallies[entry.week, entry.project.name].add(entry.project, answers)
                for (week, project), tally in sorted(tallies.items()):
                    self._add(week, project, tally)
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                for week in {week for week, _ in tallies}:
                    self._vocabularies[week] = self._load_vocabulary(week)
            msg = "the totals cannot be written"
            raise Unavailable(msg) from error
        return outcomes

    def _take_token(self, entry: Entry) -> Outcome:
        if entry.week not in self._weeks:
            return Outcome.CLOSED
        # A replay may name another week than the report that was counted.
        for week in self._weeks:
            if week != entry.week and self._has_token(week, entry):
                return Outcome.DUPLICATE
        token = self._week_keys.hash(entry.week, entry.project.name, entry.token)
        cursor = self._connection.execute(
            f"INSERT OR IGNORE INTO {_token_table(entry.week)} VALUES (?)",  # noqa: S608 - our name
            (token,),
        )
        return Outcome.COUNTED if cursor.rowcount else Outcome.DUPLICATE

    def _has_token(self, week: Week, entry: Entry) -> bool:
        token = self._week_keys.hash(week, entry.project.name, entry.token)
        query = f"SELECT 1 FROM {_token_table(week)} WHERE token = ?"  # noqa: S608 - our name
        return self._connection.execute(query, (token,)).fetchone() is not None

    def _add(self, week: Week, project: str, tally: Tally) -> None:
        self._connection.execute(
            "INSERT INTO open_reports VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET reports = reports + excluded.reports",
            (str(week), project, tally.reports),
        )
        self._connection.executemany(
            "INSERT INTO open_answers VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET answers = answers + excluded.answers",
            [(str(week), project, key, n) for key, n in tally.answers.items()],
        )
        self._connection.executemany(
            "INSERT INTO open_values VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET reports = reports + excluded.reports",
            [(str(week), project, *cell, n) for cell, n in tally.values.items()],
        )

    def close_week(self, week: Week, now: datetime) -> None:
        """Publish a week and drop its tokens and totals, in one transaction."""
        terms = self._weeks[week]
        with self._transaction():
            for project, tally in self._tallies(week):
                self._publish(week, project, tally, terms.threshold)
            for table in ("open_reports", "open_answers", "open_values"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE week = ?",  # noqa: S608 - our names
                    (str(week),),
                )
            self._connection.execute(f"DROP TABLE {_token_table(week)}")
            self._connection.execute(
                "UPDATE weeks SET closed = ? WHERE week = ?",
                (now.astimezone(UTC).isoformat(), str(week)),
            )
        self._closed.add(week)
        del self._weeks[week], self._vocabularies[week]

    def _tallies(self, week: Week) -> Iterator[tuple[str, Tally]]:
        where = "FROM {} WHERE week = ? AND project = ?"
        projects = self._connection.execute(
            "SELECT project, reports FROM open_reports WHERE week = ?", (str(week),)
        ).fetchall()
        for project, reports in projects:
            at = (str(week), project)
            answers = self._connection.execute(
                f"SELECT key, answers {where.format('open_answers')}", at
            )
            values = self._connection.execute(
                f"SELECT key, value, release, reports {where.format('open_values')}", at
            )
            cells = Counter({Cell(*cell): n for *cell, n in values})
            yield project, Tally(reports, Counter(dict(answers)), cells)

    def _publish(self, week: Week, project: str, tally: Tally, threshold: int) -> None:
        publication = publish(tally, threshold)
        if publication is None:
            return
        at = (str(week), project)
        self._connection.execute(
            "INSERT INTO published_reports VALUES (?, ?, ?)", (*at, publication.reports)
        )
        self._connection.executemany(
            "INSERT INTO published_answers VALUES (?, ?, ?, ?)",
            [(*at, key, n) for key, n in publication.answers.items()],
        )
        self._connection.executemany(
            "INSERT INTO published_values VALUES (?, ?, ?, ?, ?, ?)",
            [(*at, *cell, n) for cell, n in publication.values.items()],
        )

    def erase(self) -> bool:
        """Destroy keys of closed weeks and empty the write-ahead log."""
        destroyed, busy = False, True
        with suppress(OSError):
            self._week_keys.destroy_all_but(set(self._weeks))
            destroyed = True
        with suppress(sqlite3.Error):
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return destroyed and not busy

    def published(self, first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        """Closed weeks, read over a connection of this call alone."""
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader:
                # One snapshot, so that a close in between is seen whole or not at all.
                reader.execute("BEGIN")
                return published.read(reader, first, last, limit)
        except sqlite3.Error as error:
            msg = "the totals cannot be read"
            raise Unavailable(msg) from error

    def shut(self) -> None:
        """Empty the log, close the file and let another server have it."""
        self.erase()
        self._connection.close()
        os.close(self._lock)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _token_table(week: Week) -> str:
    return f"tokens_{week.year:04}_W{week.number:02}"


def _lock(path: Path) -> int:
    """Hold the right to write to a database; it ends with the process."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
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
