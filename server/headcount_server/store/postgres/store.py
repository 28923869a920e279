"""The store on PostgreSQL: any number of servers on one database.

Reports go through lanes. Each is a thread of the server with its own shards and at most one
connection. A commit is in doubt if its connection was lost; it is then run again, and the
reports that it had counted are duplicates.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from random import randrange
from threading import Lock

import psycopg
from psycopg_pool import PoolTimeout

from headcount_server.counting.vocabulary import Newcomer
from headcount_server.errors import StoreError, Unavailable
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import published_tables as publishing
from headcount_server.store.allowance import Allowance
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.postgres import batch, citus, connections, prepare, session
from headcount_server.store.postgres import schema as postgres_schema
from headcount_server.store.postgres import weeks as postgres_weeks
from headcount_server.store.postgres.batch import Behind, Foreign, InDoubt, Unadmitted
from headcount_server.store.postgres.connections import Adapter, message_of
from headcount_server.store.postgres.schema import SHARDS, VOCABULARY_LOCK, PostgresConnection
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.postgres.weeks import Known, OpenWeek
from headcount_server.week import Week

LANES = 2
"""Number of counting threads, and so of transactions, of a server. While one waits for its
commit, the other works. With more of them each commit would carry fewer reports."""
LANES_OF_NODES = 8
"""The same if shards are on several nodes, each of which has its own transactions."""
ATTEMPTS = 5
"""Number of times that a batch is run before callers are told to come back."""
REST_SECONDS = 0.5
"""Seconds in which callers are refused at once after the database was unreachable."""


class PostgresStore:
    """Keeps tokens and totals on a PostgreSQL server; see `store.contract.Store`.

    Raises StoreError if the server cannot be reached or its tables cannot be used.
    """

    def __init__(self, url: PostgresUrl, allowance: Allowance | None = None) -> None:
        self._url = url
        self._allowance = allowance or Allowance()
        self._changing = Lock()
        self._vocabularies = Lock()
        self._resting_until = 0.0
        self._changed = False
        with connections.connected(url) as connection:
            prepare.refuse_unfit(connection, url)
            postgres_schema.migrate(connection, str(url))
            self._on_nodes = citus.is_distributed(connection)
            self._known: Known = postgres_weeks.load(connection, {})
            identity = postgres_weeks.settle_identity(connection)
            with connections.connected(url) as other:
                session.refuse_shared(connection, other, str(url))
        self.lanes = LANES_OF_NODES if self._on_nodes else LANES
        self._pool = connections.pool(url, self.lanes + 3, identity)
        self._pool.open()

    def lane(self, token: bytes) -> int:
        """Return the lane that counts this token's reports."""
        return batch.shard_of(token) % self.lanes if token else 0

    def open_week(self, week: Week, terms: Terms, schema: Schema) -> None:
        """Let a week take reports."""
        with self._connection("the week cannot be opened") as connection:
            postgres_weeks.open_week(connection, week, terms, schema)
            self._look(connection)

    def open_weeks(self) -> Mapping[Week, Terms]:
        """Return the weeks that take reports, oldest first."""
        return {week: its.terms for week, its in sorted(self._known.weeks.items())}

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Add reports to their totals, shard by shard if shards are on several nodes."""
        if time.monotonic() < self._resting_until:
            msg = "the database is away"
            raise Unavailable(msg)
        if not self._on_nodes:
            return self._count(entries)
        by_shard: defaultdict[int, list[int]] = defaultdict(list)
        for at, entry in enumerate(entries):
            by_shard[batch.shard_of(entry.token)].append(at)
        outcomes = [Outcome.CLOSED] * len(entries)
        for places in by_shard.values():
            found = self._count([entries[at] for at in places])
            for at, outcome in zip(places, found, strict=True):
                outcomes[at] = outcome
        return outcomes

    def _count(self, entries: Sequence[Entry]) -> list[Outcome]:
        error: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                try:
                    with self._pool.connection() as connection:
                        return self._count_on(connection, entries)
                except Unadmitted as found:
                    self._admit(found.newcomers)
                except Behind:
                    self._catch_up()
            except PoolTimeout as found:
                error = found
                break
            except psycopg.DataError:
                raise  # a report causes it, so another try would not help
            except (psycopg.Error, InDoubt, Foreign) as found:
                # Run again on another connection. If it was committed, its tokens prove that.
                error = found
                self._mend(found)
        self._resting_until = time.monotonic() + REST_SECONDS
        why = message_of(error) if isinstance(error, psycopg.Error) else str(error)
        raise Unavailable("the totals cannot be written", why) from error

    def _count_on(self, connection: PostgresConnection, entries: Sequence[Entry]) -> list[Outcome]:
        try:
            return batch.count(
                connection, entries, self._known.weeks, self._vocabularies, self._allowance
            )
        except Foreign:
            connection.close()
            raise

    def _catch_up(self) -> None:
        try:
            with self._pool.connection() as connection:
                self._look(connection)
        except StoreError as error:  # `week_cycle` has logged it
            raise Unavailable(str(error)) from error

    def _mend(self, error: Exception) -> None:
        """Make the pool drop connections that lead to a server that is gone."""
        with suppress(psycopg.Error):
            if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                self._pool.drain()  # it is a standby now
            else:
                self._pool.check()

    def _admit(self, newcomers: Sequence[tuple[OpenWeek, Project, Sequence[Newcomer]]]) -> None:
        """Add new values to the weeks' vocabularies, as far as room and allowance go.

        This is a transaction of its own under a lock that all servers share, so that the
        bounds hold exactly. New values are rare.
        """
        with self._pool.connection() as connection, self._vocabularies:
            try:
                with connection.transaction():
                    postgres_schema.lock(connection, VOCABULARY_LOCK)
                    for opened, project, some in newcomers:
                        _admit(connection, opened, project, some, self._allowance)
            except BaseException:
                self._doubt()
                raise

    def _doubt(self) -> None:
        """Have the vocabularies read again, because admitted values may not be stored."""
        with self._changing:
            weeks = {week: replace(its, opening=-1) for week, its in self._known.weeks.items()}
            self._known = Known(self._known.revision, weeks)

    def close_week(self, week: Week, now: datetime, note: str = "") -> None:
        """Publish a week and drop its tokens, totals and key, once among all servers."""
        with self._connection("the week cannot be closed") as connection:
            postgres_weeks.close_week(connection, week, now, note)
            self._look(connection)
            postgres_schema.drop_leftovers(connection)

    def may_have_changed(self) -> bool:
        """Return whether another server or a command may have changed something."""
        if self._changed:
            return True
        try:
            with self._pool.connection() as connection:
                return postgres_weeks.revision(connection) != self._known.revision
        except (psycopg.Error, StoreError):
            return True

    def refresh(self) -> bool:
        """Read what changed, and return whether anything was changed.

        Raises Unavailable or StoreError.
        """
        with self._connection("the weeks cannot be read") as connection:
            self._look(connection)
        changed, self._changed = self._changed, False
        return changed

    def _look(self, connection: PostgresConnection) -> None:
        with self._changing:
            before = self._known
            self._known = postgres_weeks.load(connection, before.weeks)
            self._changed = self._changed or self._known.revision != before.revision

    def wipe_leftovers(self) -> bool:
        """Drop the remains of closed weeks; docs/operators/postgresql.md covers other remains."""
        try:
            with self._connection("") as connection:
                return postgres_schema.drop_leftovers(connection)
        except Unavailable:
            return False

    def published(self, first: Week | None, last: Week | None, limit: int) -> list[PublishedWeek]:
        """Return closed weeks of one snapshot."""
        with self.snapshot() as reader:
            return publishing.read(reader, first, last, limit)

    @contextmanager
    def snapshot(self) -> Iterator[Adapter]:
        """Give one snapshot."""
        with self._connection("the totals cannot be read") as connection, connection.transaction():
            # One snapshot, so that a close in between is seen as a whole or not at all.
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Adapter(connection)

    @contextmanager
    def noting(self) -> Iterator[Adapter]:
        """Give one transaction."""
        failed = "the delivery cannot be noted"
        with self._connection(failed) as connection, connection.transaction():
            yield Adapter(connection)

    def delivering(self) -> AbstractContextManager[bool]:
        """Hold the right to deliver, once among all servers and commands."""
        return connections.delivering(self._url)

    def check(self) -> None:
        """Do nothing, because each new connection is compared with the first one."""

    def probe(self) -> bool:
        """Return whether a commit succeeds."""
        try:
            with self._connection("") as connection:
                connection.execute(
                    "UPDATE headcount_open.shard_weeks SET opening = opening WHERE shard = %s",
                    (randrange(SHARDS),),  # noqa: S311 - any one will do
                )
        except Unavailable:
            return False
        self._resting_until = 0.0
        return True

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextmanager
    def _connection(self, failed: str) -> Iterator[PostgresConnection]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            self._mend(error)
            msg = f"{failed}: {message_of(error)}"
            raise Unavailable(msg) from error


def _admit(
    connection: PostgresConnection,
    opened: OpenWeek,
    project: Project,
    newcomers: Sequence[Newcomer],
    allowance: Allowance,
) -> None:
    at, vocabulary = (str(opened.week), project.name), opened.vocabulary
    for key, value in connection.execute(
        "SELECT key, value FROM headcount_open.admitted_values WHERE week = %s AND project = %s", at
    ):
        vocabulary.know(project.name, key, value)
    connection.cursor().executemany(
        "INSERT INTO headcount_open.admitted_values VALUES (%s, %s, %s, %s)",
        [(*at, *value) for value in vocabulary.introduce(project, newcomers, allowance)],
    )
