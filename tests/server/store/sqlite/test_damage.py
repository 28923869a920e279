"""A damaged file is told with its name and a remedy, before any door opens."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.clock import SystemClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.errors import ServerError
from headcount_server.registry.schema import Schema
from support.toy_weeks import command, database_at, lived

PAGE = 4096


def _change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _zero(database: Path, table: str) -> None:
    """Overwrite the root page of a table."""
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))


def _damage(database: Path, what: str) -> None:
    if what.startswith("INSERT"):
        _change(database, what)
    else:
        _zero(database, what)


DAMAGES = (
    *("published_values", "published_reports", "weeks", "keys", "annotations"),
    "INSERT INTO weeks VALUES ('9999-W99', 5, '2026-01-01T00:00:00+00:00', '2026-01-01')",
    "INSERT INTO weeks VALUES ('9999-W99', 5, '2026-01-01T00:00:00+00:00', NULL)",
    "INSERT INTO weeks VALUES ('2020-W01', 5, 'never', NULL)",
)


@pytest.mark.parametrize("what", DAMAGES)
def test_a_server_does_not_start_on_a_damaged_file_and_says_which(
    tmp_path: Path, toy_registry: Path, toy_schema: Schema, what: str
) -> None:
    database = lived(tmp_path / "headcount.db", toy_schema)
    _damage(database, what)
    nowhere = Address("192.0.2.1", 1)  # of no machine: asked for first, it would be told first
    config = Config(
        registry=toy_registry,
        database=database_at(database),
        grpc=nowhere,
        public=nowhere,
        operations=nowhere,
        allow_plaintext=True,
    )
    with pytest.raises(ServerError) as caught, App(config, SystemClock()):
        pytest.fail("it started")
    told = getattr(caught.value, "why", "") or str(caught.value)
    assert told.startswith(f"{database}: ")
    assert "`headcount-server restore`" in told


@pytest.mark.parametrize("what", DAMAGES)
@pytest.mark.parametrize("reader", ["statistics", "check"])
def test_a_command_on_a_damaged_file_ends_with_its_name_and_no_traceback(
    tmp_path: Path, toy_schema: Schema, what: str, reader: str
) -> None:
    database = lived(tmp_path / "headcount.db", toy_schema)
    _damage(database, what)
    result = command(reader, "--database", database)
    if result.exit_code == 0:
        assert reader == "statistics"  # which does not read what is damaged
        return
    assert isinstance(result.exception, SystemExit)
    assert str(database) in result.output
