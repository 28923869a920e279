"""`database copy` takes everything along to another database, or leaves no trace there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from headcount_server.counting import answers
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import copying
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.database import Row, Target
from headcount_server.store.postgres import copying as postgres_copying
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.store import PostgresStore
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite import copying as sqlite_copying
from headcount_server.store.sqlite.claim import beside
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.postgres_server import PostgresServer
from support.toy_weeks import W45, W46, W47, Place, command, database_at, lived

W48 = Week(2026, 48)
COUNTED, DUPLICATE = Outcome.COUNTED, Outcome.DUPLICATE
MakeEntry = Callable[..., Entry]


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    """A report of a number, with the token that `toy_weeks.lived` gives to it."""

    def entry(number: int, week: Week = W47, of: Week = W47, php: str = "8.2") -> Entry:
        read = answers.read(toy, said(php_version={"value": php}), date(2026, 11, 19))
        return Entry(week, toy, bytes([of.number]) * 8 + number.to_bytes(8), read)

    return entry


@pytest.fixture(name="file")
def _file(tmp_path: Path, toy_schema: Schema) -> Path:
    """A file with closed weeks, an open one, and all that an operator can say about them."""
    file = lived(tmp_path / "first.db", toy_schema)
    for words in (
        ["annotate", "--week", "2026-W45", "An outage, “as they say”, on Tuesday."],
        ["coverage", "--project=toy", "--week=2026-W45", "--installations=10", "--source==1+1"],
        ["coverage", "--project=toy", "--week=2026-W47", "--installations=9", "--source=Checks"],
        ["retract", "--project", "toy", "--key", "multisite", "--week", "2026-W46", "--reason=No."],
        ["retract", "--project", "toy", "--key", "note", "--reason", "Too much."],
    ):
        assert command(words[0], "--database", file, *words[1:]).exit_code == 0
    return file


@pytest.fixture(name="second")
def _second(own: PostgresServer) -> PostgresUrl:
    """A PostgreSQL database beside the one that tests have anyway."""
    return PostgresUrl(own.url())


def _copy(source: Place, target: Place) -> str:
    result = command("database", "copy", "--from", source, "--to", target)
    assert result.exit_code == 0, result.output
    assert command("check", "--database", target).exit_code == 0
    return result.output


def _refusal(source: Place, target: Place) -> str:
    result = command("database", "copy", "--from", source, "--to", target)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.output


def _rows(database: Place) -> dict[str, list[object]]:
    side = postgres_copying if isinstance(database, PostgresUrl) else sqlite_copying
    with side.leaving(database) as found:
        return {
            table: [row[:2] if table == "tokens" else row for row in found.rows(table)]
            for table in copying.TABLES
        }


def _published(database: Place) -> list[PublishedWeek]:
    store = database_at(database).open_store()
    try:
        return store.published(None, None, 99)
    finally:
        store.close()


def test_a_copy_to_postgresql_and_back_is_what_it_was(
    file: Path, postgres_url: PostgresUrl, second: PostgresUrl, tmp_path: Path
) -> None:
    back = tmp_path / "back.db"
    said = _copy(file, postgres_url)
    assert f"{postgres_url}: 2 closed weeks of {file}, compared and the same" in said
    assert "open: 2026-W47, with 7 reports not to be counted again" in said
    assert "destroy it once servers run on the copy" in said
    _copy(postgres_url, second)
    _copy(second, back)
    again = tmp_path / "again.db"
    _copy(back, again)
    rows = _rows(file)
    assert rows["tokens"] != rows["open_values"] != rows["retractions"] != []
    assert _rows(postgres_url) == _rows(second) == _rows(back) == _rows(again) == rows
    published = _published(file)
    assert [week.week for week in published] == [W46, W45]
    assert published[1].annotation
    assert [each.installations for each in published[1].coverages] == [10]
    assert [row[0] for row in rows["coverages"]] == ["2026-W45", "2026-W47"]  # type: ignore[index]
    assert published[0].projects[0].retractions
    assert [list(week.projects[0].schemas) for week in published] == [
        list(week.projects[0].digests) for week in published
    ]
    assert published[0].projects[0].schemas
    assert _published(postgres_url) == _published(back) == published


@pytest.mark.parametrize("way", ["to postgresql", "to sqlite"])
def test_an_open_week_goes_on_counting_where_it_was_copied_to(
    way: str,
    tmp_path: Path,
    postgres_url: PostgresUrl,
    toy_schema: Schema,
    entry: MakeEntry,
) -> None:
    file = tmp_path / "first.db"
    source: Place = file if way == "to postgresql" else postgres_url
    target: Place = postgres_url if way == "to postgresql" else file
    _copy(lived(source, toy_schema), target)
    store = database_at(target).open_store()
    assert store.open_weeks() == {W47: Terms(5, W47.end + timedelta(days=2))}
    store.open_week(W48, Terms(5, W48.end + timedelta(days=2)), toy_schema)
    # Counted before, in its own week and in the next; then new ones, each twice.
    assert store.count([entry(3), entry(4, W48)]) == [DUPLICATE, DUPLICATE]
    new = [entry(number) for number in range(7, 13)]
    assert store.count(new) == [COUNTED] * 6
    assert store.count(new) == [DUPLICATE] * 6
    store.close_week(W47, W47.end + timedelta(days=2))
    (week,) = store.published(W47, W47, 1)
    store.close()
    assert week.projects[0].publication.reports == 10  # of 13, in fives
    with database_at(target).reading() as connection:
        assert connection.execute("SELECT count(*) FROM open_reports").fetchone() == (0,)


def test_what_a_week_admitted_before_it_admits_after_a_copy(
    file: Path, postgres_url: PostgresUrl, entry: MakeEntry
) -> None:
    _copy(file, postgres_url)
    store = PostgresStore(postgres_url)
    words = store._known.weeks[W47].vocabulary
    source = SqliteStore(file)
    before = source._vocabularies[W47]
    source.close()
    assert words._reserved == before._reserved
    assert {at: seen for at, seen in words._introduced.items() if seen} == {
        at: seen for at, seen in before._introduced.items() if seen
    }
    assert store.count([entry(50, php="9.9")]) == [COUNTED]
    store.close()


def test_a_week_that_was_copied_twice_still_counts_its_tokens_once(
    file: Path, postgres_url: PostgresUrl, second: PostgresUrl, entry: MakeEntry
) -> None:
    with connected(second) as connection:
        connection.execute(
            "DROP SCHEMA IF EXISTS headcount, headcount_open, headcount_secret CASCADE"
        )
    _copy(file, postgres_url)
    store = PostgresStore(postgres_url)
    assert store.count([entry(20)]) == [COUNTED]
    store.close()
    _copy(postgres_url, second)
    store = PostgresStore(second)
    assert store.count([entry(number) for number in (3, 20, 21)]) == [DUPLICATE, DUPLICATE, COUNTED]
    store.close()


def test_a_target_that_holds_anything_is_refused_and_stays_as_it_is(
    file: Path, postgres_url: PostgresUrl, toy_schema: Schema, tmp_path: Path
) -> None:
    other = lived(tmp_path / "other.db", toy_schema)
    before = other.read_bytes()
    assert f"--to {other}: exists; a copy needs a place of its own" in _refusal(file, other)
    assert other.read_bytes() == before
    store = PostgresStore(postgres_url)
    store.open_week(W48, Terms(5, W48.end), toy_schema)
    store.close()
    assert "headcount.weeks is not empty; a copy needs a database of its own" in _refusal(
        file, postgres_url
    )
    assert len(_rows(postgres_url)["weeks"]) == 1
    assert "--to" in _refusal(file, file)


def test_a_database_that_a_server_runs_on_is_neither_copied_nor_copied_into(
    file: Path, postgres_url: PostgresUrl, tmp_path: Path
) -> None:
    running = PostgresStore(postgres_url)
    running._pool.wait()
    busy = f"{postgres_url}: a server or another copy is at work on it; stop that first"
    assert busy in _refusal(file, postgres_url)
    assert busy in _refusal(postgres_url, tmp_path / "copy.db")
    running.close()
    store = database_at(file).open_store()
    assert "another server has it open" in _refusal(file, postgres_url)
    assert "another server has it open" in _refusal(postgres_url, file)
    store.close()
    assert not (tmp_path / "copy.db").exists()
    _copy(file, postgres_url)


def test_a_source_that_is_missing_is_told(postgres_url: PostgresUrl, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    assert f"{missing}: there is no such database" in _refusal(missing, postgres_url)
    assert "headcount has no tables there" in _refusal(postgres_url, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert not beside(missing, ".lock").exists()


@pytest.mark.parametrize("table", ["published_values", "open_reports", "tokens"])
def test_a_copy_that_differs_is_undone_and_told(
    file: Path,
    postgres_url: PostgresUrl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
) -> None:
    def forgetful(put: Callable[..., None]) -> Callable[..., None]:
        def forget(side: Target, name: str, rows: Iterator[Row]) -> None:
            put(side, name, list(rows)[1:] if name == table else rows)

        return forget

    target = tmp_path / "copy.db"
    for side in (sqlite_copying.SqliteSide, postgres_copying.PostgresSide):
        monkeypatch.setattr(side, "put", forgetful(side.put))
    for place in (target, postgres_url):
        said = _refusal(file, place)
        assert f"{table} differ from those of {file}; nothing was copied" in said
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db.lock"]
    with psycopg.connect(postgres_url.text) as connection:
        assert connection.execute("SELECT to_regclass('headcount.weeks')").fetchone() == (None,)


def test_a_key_that_is_missing_is_told_before_anything_is_copied(
    file: Path, postgres_url: PostgresUrl
) -> None:
    next(beside(file, ".keys").glob("*.key")).unlink()
    assert "the key of the open week 2026-W47 cannot be read" in _refusal(file, postgres_url)
    with psycopg.connect(postgres_url.text) as connection:
        assert connection.execute("SELECT to_regclass('headcount.weeks')").fetchone() == (None,)


def test_readers_of_the_views_see_the_same_after_a_copy(
    file: Path, postgres_url: PostgresUrl
) -> None:
    _copy(file, postgres_url)
    query = "SELECT * FROM published_totals ORDER BY week, project, key, measure, value, version"
    with database_at(postgres_url).reading() as found, closing(sqlite3.connect(file)) as same:
        totals = [[str(value) for value in row] for row in found.execute(query)]
        expected = [[str(value) for value in row] for row in same.execute(query)]
    assert totals == expected != []
