"""A database of any released schema is brought up to date; a newer one is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from headcount_server.errors import StoreError
from headcount_server.store.published_tables import every_week
from headcount_server.store.sqlite.audit import audit
from headcount_server.store.sqlite.connections import newest
from headcount_server.store.sqlite.store import SqliteStore
from support.older_schema import make_first
from support.toy_weeks import W46, W47, command, database_at


@pytest.fixture(name="first")
def _first(tmp_path: Path) -> Path:
    return make_first(tmp_path)


def _columns(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            for (name,) in names
        }


def test_the_first_released_schema_is_brought_up_to_date_at_the_start(
    first: Path, tmp_path: Path
) -> None:
    store = SqliteStore(first)
    (published,) = store.published(None, None, 9)
    assert published.week == W46
    assert published.projects[0].publication.reports == 10
    assert list(store.open_weeks()) == [W47]
    store.close_week(W47, W47.end)
    assert [week.week for week in store.published(None, None, 9)] == [W47, W46]
    store.close()
    SqliteStore(tmp_path / "new.db").close()
    assert _columns(first) == _columns(tmp_path / "new.db")
    assert audit(first).findings == ()
    assert audit(first).schema == newest() > 1


def test_a_start_that_is_repeated_changes_nothing(first: Path) -> None:
    SqliteStore(first).close()
    before = _columns(first)
    SqliteStore(first).close()
    assert _columns(first) == before


def test_an_older_schema_can_be_backed_up_and_checked_before_the_upgrade(
    first: Path, tmp_path: Path
) -> None:
    assert command("check", "--database", first).exit_code == 0
    assert audit(first).schema == 1
    result = command("backup", "--database", first, tmp_path / "before.db")
    assert result.exit_code == 0, result.output
    assert [week.week for week in every_week(database_at(tmp_path / "before.db"))] == [W46]
    assert audit(first).schema == 1


def test_reading_an_older_schema_names_the_remedy(first: Path) -> None:
    result = command("statistics", "--database", first)
    assert result.exit_code == 1
    assert "its schema is version 1; start the server with this program once" in result.output


@pytest.mark.parametrize("command_name", ["backup", "check", "statistics", "restore"])
def test_a_newer_schema_than_the_programs_is_refused_with_the_remedy(
    first: Path, tmp_path: Path, command_name: str
) -> None:
    SqliteStore(first).close()
    with closing(sqlite3.connect(first)) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('headcount_server', 'm999_of_the_future', '2030-01-01')"
        )
        connection.commit()
    content = first.read_bytes()
    told = f"version {newest() + 1}, and this program knows {newest()}; use the headcount"
    with pytest.raises(StoreError, match=told):
        SqliteStore(first)
    place = first if command_name != "restore" else tmp_path / "new.db"
    more = {"backup": [tmp_path / "b.db"], "restore": [first]}.get(command_name, [])
    result = command(command_name, "--database", place, *more)
    assert result.exit_code == 1
    assert "or restore a backup made before the upgrade" in result.output
    assert first.read_bytes() == content
