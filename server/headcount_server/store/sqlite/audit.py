"""The audit of a SQLite file: what it holds, table by table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.store.audit import A_TOKEN, TABLES, VIEWS, Audit, Table, impossible
from headcount_server.store.connection import Connection
from headcount_server.store.sqlite import connections
from headcount_server.store.sqlite.claim import beside
from headcount_server.store.sqlite.week_key_files import WeekKeys

_TOKENS = re.compile(r"tokens_([0-9]{4})_(W[0-9]{2})")
_TOKEN_COLUMNS = "token"  # noqa: S105 - no password


def audit(database: Path) -> Audit:
    """Return the audit of a file, even beside a running server.

    Raises StoreError if the file is unreadable.
    """
    with connections.reading(database, older=True) as connection:
        tables = tuple(_tables(connection))
        keys = tuple(sorted(key.stem for key in beside(database, ".keys").glob("*.key")))
        names = {table.name for table in tables}
        return Audit(
            schema=len(connections.applied(connection)),
            tables=tables,
            log_bytes=_size(beside(database, "-wal")),
            keys=keys,
            findings=(
                *_damages(connection),
                *_strangers(connection, tables),
                *(impossible(connection) if names >= {"weeks", "open_values"} else ()),
                *_leftovers(connection, names, keys),
                *_wrong_keys(connection, database),
            ),
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _tables(connection: Connection) -> Iterator[Table]:
    names = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " ORDER BY name"
    ).fetchall()
    for (name,) in names:
        (rows,) = connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()  # noqa: S608 - from the schema
        yield Table(name, rows, _expected(name)[1])


def _expected(name: str) -> tuple[str, str]:
    """Return the columns of a table and the meaning of its rows; empty if the table is unknown."""
    if _TOKENS.fullmatch(name):
        return _TOKEN_COLUMNS, A_TOKEN
    return TABLES.get(name, ("", ""))


def _damages(connection: Connection) -> Iterator[str]:
    for (problem,) in connection.execute("PRAGMA integrity_check"):
        if problem != "ok":
            yield f"the file is damaged: {problem}"


def _strangers(connection: Connection, tables: tuple[Table, ...]) -> Iterator[str]:
    for table in tables:
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table.name}")')]
        expected = _expected(table.name)[0].split()
        if not expected:
            yield f"table {table.name} is not one of ours: what it holds is unknown"
        elif columns != expected:
            yield f"table {table.name} has the columns {columns}, expected {expected}"
    for kind, name in connection.execute(
        "SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'trigger')"
    ):
        if (kind, name) not in {("view", view) for view in VIEWS}:
            yield f"{kind} {name} is not one of ours"


def _leftovers(connection: Connection, names: set[str], keys: tuple[str, ...]) -> Iterator[str]:
    open_weeks = {
        week for (week,) in connection.execute("SELECT week FROM weeks WHERE closed IS NULL")
    }
    known = {str(week) for week in connections.key_checks(connection)}
    for name in sorted(names):
        match = _TOKENS.fullmatch(name)
        if match and f"{match[1]}-{match[2]}" not in open_weeks:
            yield f"table {name} holds tokens of a week that is not open"
    for week in keys:
        if week not in open_weeks and week in known:
            yield f"the key of {week}, which is not open, is there; the server destroys it at start"


def _wrong_keys(connection: Connection, database: Path) -> Iterator[str]:
    keys = WeekKeys(beside(database, ".keys"), connections.key_checks(connection))
    weeks = connections.open_weeks(connection)
    for week in sorted(weeks):
        try:
            keys.load(week)
        except StoreError as error:
            yield str(error)
    try:
        keys.refuse_strangers(weeks)
    except (OSError, StoreError) as error:
        yield str(error)
