"""The weeks on PostgreSQL: how they open, what a server knows of them, and how they close.

Each change of the open weeks happens under one advisory lock, so that it happens once among
all servers. It raises the revision, by which the other servers notice it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from headcount_server.counting.vocabulary import Vocabulary
from headcount_server.errors import StoreError
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Schema
from headcount_server.store import closing, opening, publication_log
from headcount_server.store.postgres import schema as postgres_schema
from headcount_server.store.postgres.connections import Adapter
from headcount_server.store.postgres.schema import (
    COPIED,
    SCHEMA_LOCK,
    SHARDS,
    WEEKS_LOCK,
    PostgresConnection,
)
from headcount_server.store.token_hash import KEY_BYTES, key_check
from headcount_server.week import Week

_RAISE = "UPDATE headcount.revision SET revision = revision + 1"


@dataclass(frozen=True, slots=True)
class OpenWeek:
    """An open week as one server knows it."""

    week: Week
    terms: Terms
    opening: int
    """Drawn when the week opens; it changes if the week is given up and begun anew."""
    key: bytes
    vocabulary: Vocabulary
    copied: bool
    """Whether the week has tokens that were copied from a database without shards."""


@dataclass(frozen=True, slots=True)
class Known:
    """A server's knowledge of all weeks, as of a revision."""

    revision: int
    weeks: Mapping[Week, OpenWeek]


def revision(connection: PostgresConnection) -> int:
    """Return the number of changes so far to published totals and to the open weeks."""
    row = connection.execute("SELECT revision FROM headcount.revision").fetchone()
    return int(row[0]) if row else 0


def settle_identity(connection: PostgresConnection) -> int:
    """Return the identity of a database; draw one if it has none.

    A dump that was restored has none. Weeks may have been published since, so a new log of
    publications begins there.
    """
    with connection.transaction():
        postgres_schema.lock(connection, SCHEMA_LOCK)
        found = postgres_schema.identity(connection)
        if found is None:
            found = secrets.randbits(62)
            connection.execute("INSERT INTO headcount_open.identity VALUES (%s)", (found,))
            adapter = Adapter(connection)
            head = publication_log.head(adapter)
            if head is not None:
                (day,) = adapter.execute("SELECT to_char(now(), 'YYYY-MM-DD')").fetchone()
                publication_log.begin_anew(adapter, day, head)
    return found


def load(connection: PostgresConnection, before: Mapping[Week, OpenWeek]) -> Known:
    """Return what the database says now; vocabularies that are known are kept.

    Raises StoreError if an open week has no key, and psycopg.Error.
    """
    with connection.transaction():
        # The revision comes first, so that later changes will be noticed.
        number = revision(connection)
        rows = connection.execute(
            "SELECT week, threshold, closes, opening, key, key_check FROM headcount_open.open_weeks"
            " LEFT JOIN headcount_secret.week_keys USING (week) ORDER BY week"
        ).fetchall()
        weeks = {}
        for text, threshold, closes, opening, key, check in rows:
            week, terms = Week.parse(text), Terms(threshold, datetime.fromisoformat(closes))
            known = before.get(week)
            if known is not None and known.opening == opening:
                weeks[week] = known
            else:
                refuse_wrong(week, key, check)
                words = load_vocabulary(connection, week)
                copied = _has_copied(connection, week)
                weeks[week] = OpenWeek(week, terms, opening, bytes(key), words, copied)
    return Known(number, weeks)


def _has_copied(connection: PostgresConnection, week: Week) -> bool:
    row = connection.execute(
        "SELECT 1 FROM headcount_open.tokens WHERE shard = %s AND week = %s LIMIT 1",
        (COPIED, postgres_schema.number(week)),
    ).fetchone()
    return row is not None


def refuse_wrong(week: Week, key: bytes | None, check: bytes | None) -> None:
    """Raise StoreError unless `key` is the key that hashed a week's tokens.

    A week that an older program opened has no check value.
    """
    if key is None or len(key) != KEY_BYTES:
        what = "is missing"
    elif check is not None and key_check(bytes(key), week) != bytes(check):
        what = "is not the one that it was counted with"
    else:
        return
    msg = (
        f"headcount_secret.week_keys: the key of the open week {week} {what}; put the right one "
        f"back, or give up what the week has counted: headcount-server discard --week {week} "
        "--database DATABASE"
    )
    raise StoreError(msg)


def load_vocabulary(connection: PostgresConnection, week: Week) -> Vocabulary:
    """Return the values that a week admits, for all servers together."""
    vocabulary = Vocabulary()
    for row in connection.execute(
        "SELECT project, key, value FROM headcount.places WHERE week = %s", (str(week),)
    ):
        vocabulary.reserve(*row)
    for row in connection.execute(
        "SELECT project, key, value FROM headcount_open.admitted_values WHERE week = %s",
        (str(week),),
    ):
        vocabulary.know(*row)
    return vocabulary


def open_week(connection: PostgresConnection, week: Week, terms: Terms, schema: Schema) -> None:
    """Let a week take reports, unless it was closed, and note the registry."""
    with connection.transaction():
        postgres_schema.lock(connection, WEEKS_LOCK)
        state = connection.execute(
            "SELECT closed IS NULL FROM headcount.weeks WHERE week = %s", (str(week),)
        ).fetchone()
        if state == (False,):
            return
        if state is None:
            begin(connection, week, terms, secrets.token_bytes(KEY_BYTES))
        opening.settle(Adapter(connection), week, terms.threshold, schema)


def begin(connection: PostgresConnection, week: Week, terms: Terms, key: bytes) -> None:
    """Open a week that is not open, within a transaction; `key` will hash its tokens."""
    postgres_schema.hold_intake(connection)
    postgres_schema.wait_briefly(connection)
    postgres_schema.add_week(connection, week)
    opening = secrets.randbits(62)
    connection.execute(
        "INSERT INTO headcount_secret.week_keys VALUES (%s, %s)",
        (str(week), key),
    )
    connection.execute(
        "INSERT INTO headcount_open.open_weeks VALUES (%s, %s, %s, %s, %s)",
        (str(week), terms.threshold, terms.closes.isoformat(), opening, key_check(key, week)),
    )
    connection.execute("DELETE FROM headcount_open.shard_weeks WHERE week = %s", (str(week),))
    rows = ", ".join(f"({shard}, %(week)s, %(opening)s)" for shard in range(SHARDS))
    connection.execute(
        f"INSERT INTO headcount_open.shard_weeks VALUES {rows}".encode(),  # noqa: S608 - numbers
        {"week": str(week), "opening": opening},
    )
    connection.execute(_RAISE)


def close_week(connection: PostgresConnection, week: Week, now: datetime, note: str = "") -> bool:
    """Publish a week; return False if another server has done so.

    First the week's row is deleted from every shard. This waits for the reports that are
    being counted there, and admits no further ones. From then on its totals do not change,
    whatever happens, until a server publishes them. `drop_leftovers` drops its other data
    once no session uses them.
    """
    with connection.transaction():
        postgres_schema.hold_intake(connection)
        connection.execute("DELETE FROM headcount_open.shard_weeks WHERE week = %s", (str(week),))
    with connection.transaction():
        postgres_schema.lock(connection, WEEKS_LOCK)
        row = connection.execute(
            "SELECT threshold, closes FROM headcount_open.open_weeks WHERE week = %s", (str(week),)
        ).fetchone()
        if row is None:
            return False
        threshold, closes = row
        closing.publish(Adapter(connection), week, threshold, note)
        connection.execute(
            "INSERT INTO headcount.closed_weeks VALUES (%s, %s, %s, %s)",
            (str(week), threshold, closes, now.astimezone(UTC).isoformat()),
        )
        forget(connection, week)
    return True


def forget(connection: PostgresConnection, week: Week) -> None:
    """Remove a week and its key from the open weeks, within a transaction."""
    connection.execute("DELETE FROM headcount_open.open_weeks WHERE week = %s", (str(week),))
    connection.execute("DELETE FROM headcount_open.shard_weeks WHERE week = %s", (str(week),))
    connection.execute("DELETE FROM headcount_secret.week_keys WHERE week = %s", (str(week),))
    connection.execute(_RAISE)
