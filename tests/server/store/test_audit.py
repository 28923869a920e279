"""The audit states what is held, table by table, and finds what must not be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from headcount_server.registry.schema import Schema
from headcount_server.store.sqlite.audit import audit
from headcount_server.store.sqlite.connections import newest
from support.toy_weeks import command, live, lived

Alter = Callable[[str], None]


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


@pytest.fixture(name="alter")
def _alter(database: Path) -> Alter:
    def alter(script: str) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(script)

    return alter


@pytest.mark.slow
def test_every_table_is_named_with_its_rows_and_what_a_row_is(database: Path) -> None:
    result = command("check", "--database", database)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"{database}: schema {newest()}"
    told = {line.split()[0]: line for line in lines if "a row is" in line}
    with closing(sqlite3.connect(database)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        assert set(told) == {name for (name,) in names}
    row = "7  a row is a keyed hash of a report's token, next to no other fact"
    assert told["tokens_2026_W47"].endswith(row)
    assert told["published_reports"].split()[1] == "2"
    assert "UNKNOWN" not in result.output
    assert "keys of open weeks  2026-W47" in result.output
    assert "No table describes a report" in result.output


@pytest.mark.slow
def test_a_database_in_use_is_examined_without_disturbing_it(
    tmp_path: Path, toy_schema: Schema
) -> None:
    store = live(tmp_path / "headcount.db", toy_schema)
    assert audit(tmp_path / "headcount.db").findings == ()
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "finding"),
    [
        ("CREATE TABLE visits (ip TEXT)", "table visits is not one of ours"),
        ("ALTER TABLE open_values ADD COLUMN ip TEXT", "table open_values has the columns"),
        ("ALTER TABLE tokens_2026_W47 ADD COLUMN at TEXT", "table tokens_2026_W47 has the columns"),
        ("CREATE VIEW v AS SELECT 1", "view v is not one of ours"),
        (
            "CREATE TRIGGER t AFTER INSERT ON weeks BEGIN SELECT 1; END",
            "trigger t is not one of ours",
        ),
        (
            "CREATE TABLE tokens_2026_W45 (token BLOB PRIMARY KEY) STRICT, WITHOUT ROWID",
            "table tokens_2026_W45 holds tokens of a week that is not open",
        ),
        (
            "INSERT INTO open_reports VALUES ('2026-W46', 'toy', 1)",
            "open totals of a week that is not open: 2026-W46",
        ),
        (
            "INSERT INTO published_reports VALUES ('2026-W47', 'toy', 5)",
            "published totals of a week that is not closed: 2026-W47",
        ),
        (
            "UPDATE published_values SET reports = 6 WHERE week = '2026-W46'",
            "published numbers that are no multiple of the threshold: 2026-W46",
        ),
        (
            "UPDATE open_answers SET answers = 8",
            "more answers to a key than reports: 2026-W47",
        ),
        (
            "UPDATE open_values SET reports = 8",
            "more reports with a value than answers to its key: 2026-W47",
        ),
    ],
)
def test_what_must_not_be_is_found_and_named(
    database: Path, alter: Alter, script: str, finding: str
) -> None:
    alter(script)
    result = command("check", "--database", database)
    assert result.exit_code == 1
    assert finding in result.output
    assert f"Error: {database}: not as it should be" in result.output


@pytest.mark.slow
def test_a_key_that_is_missing_and_one_that_is_nobodys_are_found(database: Path) -> None:
    keys = Path(f"{database}.keys")
    (keys / "2026-W47.key").rename(keys / "2026-W45.key")
    missing, stranger = audit(database).findings
    assert "2026-W47.key: the key of the open week 2026-W47 cannot be read" in missing
    assert "discard --week 2026-W47" in missing
    assert "2026-W45.key: a key that this database knows nothing of" in stranger


@pytest.mark.slow
def test_a_key_that_outlived_its_week_is_found(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE weeks SET closed = closes WHERE week = '2026-W47'")
        connection.commit()
    findings = audit(database).findings
    assert "the key of 2026-W47, which is not open, is there; the server destroys it" in str(
        findings
    )


@pytest.mark.slow
def test_a_key_that_is_damaged_is_found(database: Path) -> None:
    key = Path(f"{database}.keys") / "2026-W47.key"
    key.write_bytes(key.read_bytes()[:-1] + b"!")
    (finding,) = audit(database).findings
    assert "2026-W47.key: not the key that 2026-W47 was counted with" in finding
    assert command("check", "--database", database).exit_code == 1


@pytest.mark.slow
def test_a_damaged_page_is_found(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'published_values'"
        ).fetchone()
    content = bytearray(database.read_bytes())
    content[(page - 1) * 4096 + 12 : (page - 1) * 4096 + 40] = b"\x00" * 28
    database.write_bytes(content)
    result = command("check", "--database", database)
    assert result.exit_code == 1
    assert "damaged" in result.output or "malformed" in result.output
    assert "Traceback" not in result.output


def test_there_is_nothing_to_examine_where_there_is_no_database(tmp_path: Path) -> None:
    result = command("check", "--database", tmp_path / "no.db")
    assert result.exit_code == 1
    assert "no.db: there is no such database" in result.output
    assert not (tmp_path / "no.db").exists()
