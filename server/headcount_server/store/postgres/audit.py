"""The audit of a PostgreSQL database: what it holds, table by table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headcount_server.errors import StoreError
from headcount_server.store.audit import A_TOKEN, TABLES, VIEWS, Audit, Table, impossible
from headcount_server.store.postgres.connections import Adapter, reading
from headcount_server.store.postgres.schema import OF_A_WEEK, SCHEMAS, applied
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.postgres.weeks import refuse_wrong
from headcount_server.week import Week

_WEEKLY = re.compile(r"(.+)_([0-9]{4})_w([0-9]{2})")
_SHARDED = ("open_reports", "open_answers", "open_values")
_TABLES = {
    **{name: TABLES[name] for name in TABLES if name.startswith("published_")},
    **{name: TABLES[name] for name in ("week_registries", "schemas", "keys")},
    **{name: TABLES[name] for name in ("retractions", "annotations")},
    **{name: TABLES[name] for name in ("key_terms", "places", "told_apart", "coverages")},
    **{name: TABLES[name] for name in ("log_leaves", "log_salts", "corrected_weeks", "deliveries")},
    **{
        name.replace("open_", "shard_"): (
            f"shard {TABLES[name][0]}",
            TABLES[name][1].replace("a total", "a shard's part of a total"),
        )
        for name in _SHARDED
    },
    "schema_steps": ("name", "a step of the schema"),
    "revision": ("revision", "the number of changes to what is published or open"),
    "closed_weeks": TABLES["weeks"],
    "open_weeks": ("week threshold closes opening key_check", "an open week: its terms"),
    "identity": ("identity", "a random number, by which a server knows this database again"),
    "shard_weeks": ("shard week opening", "an open week, as a shard knows it"),
    "tokens": ("shard week token", A_TOKEN),
    "admitted_values": ("week project key value", "a value that an open week tallies"),
    "week_keys": ("week key", "the key of an open week"),
}
_VIEWS = {*VIEWS, *_SHARDED, "weeks"}
_RELATIONS = """
SELECT c.relname, c.relkind::text, c.relispartition,
  (SELECT coalesce(string_agg(a.attname, ' ' ORDER BY a.attnum), '') FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (?) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1
"""
_TRIGGERS = """
SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
  JOIN pg_namespace f ON f.oid = p.pronamespace
WHERE n.nspname = ANY (?) AND NOT t.tgisinternal
  AND f.nspname NOT IN ('pg_catalog', 'citus', 'citus_internal')
"""


def audit(url: PostgresUrl) -> Audit:
    """Return the audit of a database, even beside running servers.

    Raises StoreError if the database is unreadable.
    """
    with reading(url, older=True) as connection:
        relations = connection.execute(_RELATIONS, (list(SCHEMAS),)).fetchall()
        keys = tuple(
            week for (week,) in connection.execute("SELECT week FROM week_keys ORDER BY week")
        )
        return Audit(
            schema=len(applied(connection.postgres)),
            tables=tuple(_tables(connection, relations)),
            log_bytes=None,
            keys=keys,
            findings=(
                *_strangers(connection, relations),
                *impossible(connection),
                *_leftovers(connection, relations),
                *_settings(connection),
            ),
        )


def _tables(connection: Adapter, relations: list[tuple[str, str, bool, str]]) -> Iterator[Table]:
    for name, kind, is_partition, _ in relations:
        # A partitioned table has no rows of its own.
        if kind == "r" or (kind == "p" and is_partition):
            (rows,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608 - from the schema
            yield Table(name, rows, _expected(name)[1])


def _expected(name: str) -> tuple[str, str]:
    weekly = _WEEKLY.fullmatch(name)
    return _TABLES.get(weekly[1] if weekly else name, ("", ""))


def _strangers(connection: Adapter, relations: list[tuple[str, str, bool, str]]) -> Iterator[str]:
    for name, kind, _, columns in relations:
        expected = _expected(name)[0]
        if kind in {"r", "p"} and not expected:
            yield f"table {name} is not one of ours: what it holds is unknown"
        elif kind in {"r", "p"} and columns != expected:
            yield f"table {name} has the columns {columns.split()}, expected {expected.split()}"
        elif kind not in {"r", "p"} and (kind != "v" or name not in _VIEWS):
            yield f"view or sequence {name} is not one of ours"
    for (name,) in connection.execute(_TRIGGERS, (list(SCHEMAS),)):
        yield f"trigger {name} is not one of ours"


def _leftovers(connection: Adapter, relations: list[tuple[str, str, bool, str]]) -> Iterator[str]:
    open_weeks = {week for (week,) in connection.execute("SELECT week FROM open_weeks")}
    ours = {table.partition(".")[2] for table in OF_A_WEEK}
    for name, *_ in relations:
        weekly = _WEEKLY.fullmatch(name)
        if weekly and weekly[1] in ours and f"{weekly[2]}-W{weekly[3]}" not in open_weeks:
            yield f"table {name} is of a week that is not open"
    for week, key, check in connection.execute(
        "SELECT week, key, key_check FROM open_weeks LEFT JOIN week_keys USING (week) ORDER BY week"
    ):
        try:
            refuse_wrong(Week.parse(week), key, check)
        except StoreError as error:
            yield str(error)


def _settings(connection: Adapter) -> Iterator[str]:
    for name, remedy in (
        ("fsync", "a crash of the machine loses or damages acknowledged reports"),
        ("full_page_writes", "a crash of the machine can damage the database"),
    ):
        (value,) = connection.execute("SELECT current_setting(?)", (name,)).fetchone()
        if value == "off":
            yield f"the server's setting {name} is off: {remedy}"
