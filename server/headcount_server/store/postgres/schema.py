"""The schema on PostgreSQL, as steps that are applied in order, and the tables of a week.

There are three schemas: `headcount` holds permanent data, `headcount_open` holds data that
the close of a week destroys, and `headcount_secret` holds the week keys. Every table that a
report touches has `shard` first in its primary key. So one transaction of one shard stays
on one node if the tables are distributed by shard.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg

from headcount_server.errors import StoreError
from headcount_server.week import Week

PostgresConnection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

SCHEMAS = ("headcount", "headcount_open", "headcount_secret")
SEARCH_PATH = ", ".join(SCHEMAS)
SHARDS = 64
"""Number of logical shards, a power of two; all servers of a database must always have the same."""
COPIED = SHARDS
"""Shard of tokens and totals that were copied from a database without shards."""
DISTRIBUTED = ("shard_weeks", "tokens", "shard_reports", "shard_answers", "shard_values")
"""Tables that a report touches; the others are colocated with the first."""
OF_A_WEEK = {
    "headcount_open.tokens": "",
    "headcount_open.shard_reports": "WITH (fillfactor = 50)",
    "headcount_open.shard_answers": "WITH (fillfactor = 70)",
    "headcount_open.shard_values": "WITH (fillfactor = 70)",
    "headcount_open.admitted_values": "",
    "headcount_secret.week_keys": "",
}
"""Tables with a partition for each open week, which is dropped at the close."""

_UNSAMPLED = {
    "headcount_open.tokens": ("token",),
    "headcount_open.shard_values": ("value", "release"),
    "headcount_open.admitted_values": ("value",),
    "headcount_secret.week_keys": ("key",),
}
"""Columns that the planner must not sample."""

LOCKS = 0x68646374
"""First number of headcount's advisory locks (`hdct`); the second number says what is locked."""
SCHEMA_LOCK, WEEKS_LOCK, VOCABULARY_LOCK, SERVERS_LOCK, DELIVERIES_LOCK = range(1, 6)
_PATIENCE = {SCHEMA_LOCK: "20s", WEEKS_LOCK: "5s"}
"""Longest wait for an advisory lock, if it is longer than for a lock on a table: another
server may be making the tables or closing a week, and no caller queues behind the wait."""

_TOTALS = """
CREATE TABLE headcount.closed_weeks (
  week text COLLATE "C" PRIMARY KEY, threshold integer NOT NULL,
  closes text NOT NULL, closed text NOT NULL);
CREATE TABLE headcount.week_registries (
  week text COLLATE "C", project text COLLATE "C", digest text COLLATE "C",
  PRIMARY KEY (week, project, digest));
CREATE TABLE headcount.keys (
  project text COLLATE "C", key integer, name text NOT NULL, PRIMARY KEY (project, key));
CREATE TABLE headcount.published_reports (
  week text COLLATE "C", project text COLLATE "C", reports bigint NOT NULL,
  PRIMARY KEY (week, project));
CREATE TABLE headcount.published_answers (
  week text COLLATE "C", project text COLLATE "C", key integer, answers bigint NOT NULL,
  PRIMARY KEY (week, project, key));
CREATE TABLE headcount.published_values (
  week text COLLATE "C", project text COLLATE "C", key integer, value text COLLATE "C",
  release text COLLATE "C", reports bigint NOT NULL,
  PRIMARY KEY (week, project, key, value, release));
CREATE TABLE headcount.retractions (
  week text COLLATE "C", project text COLLATE "C", key integer, reason text NOT NULL,
  retracted text NOT NULL, PRIMARY KEY (week, project, key));
CREATE TABLE headcount.annotations (week text COLLATE "C" PRIMARY KEY, text text NOT NULL);
CREATE TABLE headcount.revision (revision bigint NOT NULL);
INSERT INTO headcount.revision VALUES (1);
CREATE TABLE headcount_open.open_weeks (
  week text COLLATE "C" PRIMARY KEY, threshold integer NOT NULL, closes text NOT NULL,
  opening bigint NOT NULL);
CREATE TABLE headcount_open.shard_weeks (
  shard smallint, week text COLLATE "C", opening bigint NOT NULL, PRIMARY KEY (shard, week));
CREATE TABLE headcount_open.tokens (
  shard smallint, week integer, token uuid, PRIMARY KEY (shard, week, token)
) PARTITION BY LIST (week);
CREATE TABLE headcount_open.shard_reports (
  shard smallint, week text COLLATE "C", project text COLLATE "C", reports bigint NOT NULL,
  PRIMARY KEY (shard, week, project)) PARTITION BY LIST (week);
CREATE TABLE headcount_open.shard_answers (
  shard smallint, week text COLLATE "C", project text COLLATE "C", key integer,
  answers bigint NOT NULL, PRIMARY KEY (shard, week, project, key)) PARTITION BY LIST (week);
CREATE TABLE headcount_open.shard_values (
  shard smallint, week text COLLATE "C", project text COLLATE "C", key integer,
  value text COLLATE "C", release text COLLATE "C", reports bigint NOT NULL,
  PRIMARY KEY (shard, week, project, key, value, release)) PARTITION BY LIST (week);
CREATE TABLE headcount_open.admitted_values (
  week text COLLATE "C", project text COLLATE "C", key integer, value text COLLATE "C",
  PRIMARY KEY (week, project, key, value)) PARTITION BY LIST (week);
CREATE TABLE headcount_open.admitted_releases (
  week text COLLATE "C", project text COLLATE "C", release text COLLATE "C",
  PRIMARY KEY (week, project, release)) PARTITION BY LIST (week);
CREATE TABLE headcount_secret.week_keys (
  week text COLLATE "C" PRIMARY KEY, key bytea NOT NULL) PARTITION BY LIST (week);
ALTER TABLE headcount_open.tokens ALTER token SET STATISTICS 0;
ALTER TABLE headcount_open.shard_values ALTER value SET STATISTICS 0;
ALTER TABLE headcount_open.shard_values ALTER release SET STATISTICS 0;
ALTER TABLE headcount_open.admitted_values ALTER value SET STATISTICS 0;
ALTER TABLE headcount_open.admitted_releases ALTER release SET STATISTICS 0;
ALTER TABLE headcount_secret.week_keys ALTER key SET STATISTICS 0;
"""

_VIEWS = """
CREATE VIEW headcount.weeks AS
  SELECT week, threshold, closes, NULL AS closed FROM headcount_open.open_weeks
  UNION ALL SELECT week, threshold, closes, closed FROM headcount.closed_weeks;
CREATE VIEW headcount_open.open_reports AS
  SELECT week, project, sum(reports)::bigint AS reports
  FROM headcount_open.shard_reports GROUP BY week, project;
CREATE VIEW headcount_open.open_answers AS
  SELECT week, project, key, sum(answers)::bigint AS answers
  FROM headcount_open.shard_answers GROUP BY week, project, key;
CREATE VIEW headcount_open.open_values AS
  SELECT week, project, key, value, release, sum(reports)::bigint AS reports
  FROM headcount_open.shard_values GROUP BY week, project, key, value, release;
CREATE VIEW headcount.published_weeks AS
  SELECT week, to_date(week, 'IYYY-"W"IW') AS monday, threshold, closes, closed,
    coalesce(text, '') AS annotation
  FROM headcount.closed_weeks LEFT JOIN headcount.annotations USING (week);
CREATE VIEW headcount.published_totals AS
  SELECT week, monday, threshold, project, '' AS key, 'reports' AS measure, '' AS value,
    '' AS version, reports
  FROM headcount.published_reports JOIN headcount.published_weeks USING (week)
  UNION ALL SELECT week, monday, threshold, project, name, 'answers', '', '', answers
  FROM headcount.published_answers JOIN headcount.keys USING (project, key)
    JOIN headcount.published_weeks USING (week)
  UNION ALL SELECT week, monday, threshold, project, name, 'value', value, release, reports
  FROM headcount.published_values JOIN headcount.keys USING (project, key)
    JOIN headcount.published_weeks USING (week);
CREATE VIEW headcount.published_retractions AS
  SELECT week, to_date(week, 'IYYY-"W"IW') AS monday, project, name AS key, reason,
    retracted AS date
  FROM headcount.retractions JOIN headcount.keys USING (project, key) WHERE week <> '';
"""

_IDENTITY = """
ALTER TABLE headcount_open.open_weeks ADD COLUMN key_check bytea;
CREATE TABLE headcount_open.identity (identity bigint NOT NULL);
"""

_PARTITIONS = """
CREATE TABLE headcount.key_terms (
  week text COLLATE "C", project text COLLATE "C", key integer, threshold integer NOT NULL,
  crossed integer NOT NULL, kind integer NOT NULL, folded integer NOT NULL,
  PRIMARY KEY (week, project, key));
CREATE TABLE headcount.places (
  week text COLLATE "C", project text COLLATE "C", key integer, value text COLLATE "C",
  declared integer NOT NULL, PRIMARY KEY (week, project, key, value));
CREATE TABLE headcount.told_apart (
  week text COLLATE "C", project text COLLATE "C", key integer, value text COLLATE "C",
  release text COLLATE "C", PRIMARY KEY (week, project, key, value, release));
DROP TABLE headcount_open.admitted_releases;
CREATE OR REPLACE VIEW headcount.published_totals AS
  SELECT week, monday, threshold, project, '' AS key, 'reports' AS measure, '' AS value,
    '' AS version, reports, 0 AS other_releases
  FROM headcount.published_reports JOIN headcount.published_weeks USING (week)
  UNION ALL SELECT week, monday, coalesce(t.threshold, w.threshold), project, name, 'answers', '',
    '', answers, 0
  FROM headcount.published_answers JOIN headcount.keys USING (project, key)
    JOIN headcount.published_weeks w USING (week)
    LEFT JOIN headcount.key_terms t USING (week, project, key)
  UNION ALL SELECT week, monday, coalesce(t.threshold, w.threshold), project, name, 'value', value,
    release, reports, CASE WHEN release = '' AND crossed = 1 AND folded = 0 THEN 1 ELSE 0 END
  FROM headcount.published_values JOIN headcount.keys USING (project, key)
    JOIN headcount.published_weeks w USING (week)
    LEFT JOIN headcount.key_terms t USING (week, project, key);
CREATE VIEW headcount.published_told_apart AS
  SELECT week, monday, project, name AS key, value, release AS version
  FROM headcount.told_apart JOIN headcount.keys USING (project, key)
    JOIN headcount.published_weeks USING (week);
"""

_COVERAGES = """
CREATE TABLE headcount.coverages (
  week text COLLATE "C", project text COLLATE "C", installations bigint NOT NULL,
  source text NOT NULL, PRIMARY KEY (week, project));
CREATE VIEW headcount.published_coverages AS
  SELECT week, monday, project, installations, source
  FROM headcount.coverages JOIN headcount.published_weeks USING (week);
"""

_DELIVERIES = """
CREATE TABLE headcount.corrected_weeks (
  week text COLLATE "C" PRIMARY KEY, corrections integer NOT NULL);
CREATE TABLE headcount.deliveries (
  destination text COLLATE "C", week text COLLATE "C", corrections integer NOT NULL,
  PRIMARY KEY (destination, week));
"""

_LOG = """
CREATE TABLE headcount.log_leaves (number bigint PRIMARY KEY, leaf text NOT NULL);
CREATE TABLE headcount.log_salts (
  week text COLLATE "C", project text COLLATE "C", kind text COLLATE "C", number bigint NOT NULL,
  salts text NOT NULL, PRIMARY KEY (week, project, kind));
"""

_SCHEMAS = """
CREATE TABLE headcount.schemas (
  project text COLLATE "C", digest text COLLATE "C", declared text NOT NULL,
  PRIMARY KEY (project, digest));
"""

STEPS = {
    "001_open_and_published_weeks": _TOTALS,
    "002_views": _VIEWS,
    "003_identity_and_key_checks": _IDENTITY,
    "004_terms_places_and_partitions": _PARTITIONS,
    "005_coverages": _COVERAGES,
    "006_deliveries": _DELIVERIES,
    "007_log_of_publications": _LOG,
    "008_schemas": _SCHEMAS,
}
"""Statements by the name of their step, in order; a released step never changes."""


def migrate(connection: PostgresConnection, name: str) -> list[str]:
    """Bring the schema up to date, in one transaction; return the steps that were applied.

    Any number of servers may call it at once. Raises StoreError for a newer schema, and
    psycopg.Error.
    """
    with connection.transaction():
        lock(connection, SCHEMA_LOCK)
        done = applied(connection)
        refuse_newer(done, name)
        missing = [step for step in STEPS if step not in done]
        if not done:
            for schema in SCHEMAS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            connection.execute("CREATE TABLE headcount.schema_steps (name text PRIMARY KEY)")
        for step in missing:
            for statement in _statements(STEPS[step]):
                connection.execute(statement)
            connection.execute("INSERT INTO headcount.schema_steps VALUES (%s)", (step,))
    return missing


def _statements(script: str) -> Iterator[bytes]:
    return (statement.encode() for statement in script.split(";")[:-1])


def applied(connection: PostgresConnection) -> list[str]:
    """Return the names of the steps that made this schema; their number is its version."""
    row = connection.execute("SELECT to_regclass('headcount.schema_steps')").fetchone()
    if row is None or row[0] is None:
        return []
    steps = connection.execute("SELECT name FROM headcount.schema_steps ORDER BY name")
    return [step for (step,) in steps]


def identity(connection: PostgresConnection) -> int | None:
    """Return the database's identity, which a restored dump lacks; None if it has none."""
    row = connection.execute("SELECT identity FROM headcount_open.identity").fetchone()
    return None if row is None else int(row[0])


def refuse_newer(done: list[str], name: str) -> None:
    """Raise StoreError for a schema that a newer program made."""
    if len(done) > len(STEPS):
        msg = (
            f"{name}: its schema is version {len(done)}, and this program knows {len(STEPS)}; use "
            "the headcount-server that wrote it, or restore a dump made before the upgrade"
        )
        raise StoreError(msg)


def lock(connection: PostgresConnection, what: int) -> None:
    """Wait for an advisory lock, and hold it to the end of the transaction.

    It must be the first statement of a transaction on several shards.
    """
    # With Citus, a read over many connections would block a drop over one. Without Citus
    # the setting is a name that nothing reads.
    connection.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
    with _patience(connection, what):
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, what))


@contextmanager
def _patience(connection: PostgresConnection, what: int) -> Iterator[None]:
    if what not in _PATIENCE:
        yield
        return
    before = connection.execute("SELECT current_setting('lock_timeout')").fetchone()
    change = "SELECT set_config('lock_timeout', %s, true)"
    connection.execute(change, (_PATIENCE[what],))
    yield
    connection.execute(change, before)


def hold_intake(connection: PostgresConnection) -> None:
    """Wait for the reports in work, and block further ones to the end of the transaction.

    Call it before taking any other lock on the tables that reports touch. Otherwise two
    transactions could each wait for a lock that the other one holds.
    """
    connection.execute("LOCK TABLE headcount_open.shard_weeks IN EXCLUSIVE MODE")


def number(week: Week) -> int:
    """Return a week in the form of the tokens' table, in four bytes: 202647."""
    return week.year * 100 + week.number


def _partition(table: str, week: Week) -> str:
    return f"{table}_{week.year:04}_w{week.number:02}"


def add_week(connection: PostgresConnection, week: Week) -> None:
    """Make empty partitions of a week, in place of any that a dump left."""
    drop_week(connection, week)
    sampled = connection.execute("SELECT to_regclass('pg_dist_partition') IS NOT NULL").fetchone()
    for table, options in OF_A_WEEK.items():
        value = str(number(week)) if table.endswith(".tokens") else f"'{week}'"
        part = _partition(table, week)
        values = f"FOR VALUES IN ({value})"
        if sampled == (False,):
            # A partition that is made apart and then attached waits for no reader and keeps
            # none waiting.
            connection.execute(
                f"CREATE TABLE {part} (LIKE {table} INCLUDING ALL) {options}".encode()
            )
            connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {part} {values}".encode())
        else:
            statement = f"CREATE TABLE {part} PARTITION OF {table} {values} {options}"
            connection.execute(statement.encode())
        # Otherwise samples of rare values would stay in the planner's statistics after the
        # close. Citus does not take the statement.
        for column in _UNSAMPLED.get(table, ()) if sampled == (False,) else ():
            statement = f"ALTER TABLE {_partition(table, week)} ALTER {column} SET STATISTICS 0"
            connection.execute(statement.encode())


def drop_week(connection: PostgresConnection, week: Week) -> None:
    """Drop the partitions of a week, which gives their files back at once."""
    for table in OF_A_WEEK:
        connection.execute(f"DROP TABLE IF EXISTS {_partition(table, week)}".encode())


def drop_leftovers(connection: PostgresConnection) -> bool:
    """Drop the remains of weeks that are no longer open; return False if one is in use.

    The drop waits for readers only briefly, because reports queue behind it.
    """
    if not _leftovers(connection):
        return True
    try:
        with connection.transaction():
            lock(connection, WEEKS_LOCK)
            wait_briefly(connection)
            for week in _leftovers(connection):
                drop_week(connection, week)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def wait_briefly(connection: PostgresConnection) -> None:
    """Wait for locks only briefly, to the end of this transaction."""
    connection.execute("SET LOCAL lock_timeout = '100ms'")


def _leftovers(connection: PostgresConnection) -> set[Week]:
    rows = connection.execute(
        "SELECT DISTINCT right(relname, 8) FROM pg_class"
        " WHERE relnamespace = ANY (%s::regnamespace[])"
        " AND relispartition AND relkind IN ('r', 'p')"
        " AND upper(replace(right(relname, 8), '_', '-'))"
        " NOT IN (SELECT week FROM headcount_open.open_weeks)",
        (list(SCHEMAS),),
    )
    return {Week.parse(name.replace("_", "-").upper()) for (name,) in rows}
