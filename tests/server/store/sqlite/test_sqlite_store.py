"""The SQLite store counts exactly once, publishes once, and forgets everything else."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from headcount_server.counting import answers
from headcount_server.errors import StoreError, Unavailable
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.claim import Claim
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

W45, W46, W47 = Week(2026, 45), Week(2026, 46), Week(2026, 47)
COUNTED, DUPLICATE, CLOSED = Outcome.COUNTED, Outcome.DUPLICATE, Outcome.CLOSED
NOTE, PHP = 8, 2

MakeEntry = Callable[..., Entry]


def _terms(week: Week, threshold: int = 5) -> Terms:
    return Terms(threshold, week.end + timedelta(days=2))


def _closing(week: Week) -> datetime:
    return _terms(week).closes


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "headcount.db"


@pytest.fixture(name="store")
def _store(path: Path, toy_schema: Schema) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    for week in (W46, W47):
        store.open_week(week, _terms(week), toy_schema)
    yield store
    store.close()


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    """An entry whose token is made of a number."""

    def entry(number: int, week: Week = W47, note: str = "hello") -> Entry:
        report = said(note={"value": note}, php_version={"value": "8.2"})
        read = answers.read(toy, report, date(2026, 11, 19))
        return Entry(week, toy, number.to_bytes(16), read)

    return entry


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        return reader.execute(query).fetchall()


def _reports(path: Path) -> dict[str, int]:
    rows = _rows(path, "SELECT week, reports FROM open_reports")
    return {str(week): int(str(n)) for week, n in rows}


def _bytes_on_disk(path: Path) -> bytes:
    """Everything in the database, its WAL, its index and the key directory.

    Read by another process: closing a second descriptor of a database in this
    one would drop the locks that SQLite holds on it.
    """
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert path in files
    return subprocess.run(["/bin/cat", *map(str, files)], check=True, capture_output=True).stdout


CANARY = "Canary-of-one-site"


def _plant(store: SqliteStore, path: Path, entry: MakeEntry) -> dict[str, bytes]:
    """Count enough to make pages split, and tell what must be gone after the close."""
    planted = entry(424242, note=CANARY)
    store.count([entry(n, note=f"{CANARY}-{n:04}") for n in range(500)])
    store.count([planted])
    key = (path.with_name("headcount.db.keys") / "2026-W47.key").read_bytes()
    return {
        "token": planted.token,
        "hash of the token": store._week_keys.hasher(W47, "toy")(planted.token),
        "hash of an early token": store._week_keys.hasher(W47, "toy")((3).to_bytes(16)),
        "value below the threshold": CANARY.encode(),
        "name of the token table": b"tokens_2026_W47",
        "week key": key,
    }


@pytest.mark.slow
def test_after_the_close_no_byte_of_tokens_tallies_or_key_is_left(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    planted = _plant(store, path, entry)
    before = _bytes_on_disk(path)
    assert [name for name, trace in planted.items() if trace not in before] == ["token"]
    store.close_week(W47, _closing(W47))
    assert store.wipe_leftovers()
    after = _bytes_on_disk(path)
    assert [name for name, trace in planted.items() if trace in after] == []
    assert len(store.published(None, None, 1)) == 1


@pytest.mark.slow
def test_the_close_is_pending_while_a_reader_looks_and_complete_after_it(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    planted = _plant(store, path, entry)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM tokens_2026_W47").fetchone() == (501,)
        store.close_week(W47, _closing(W47))
        assert not store.wipe_leftovers()
        pending = _bytes_on_disk(path)
        assert planted["week key"] not in pending
        assert planted["hash of the token"] in pending
        assert reader.execute("SELECT count(*) FROM tokens_2026_W47").fetchone() == (501,)
    assert store.wipe_leftovers()
    after = _bytes_on_disk(path)
    assert [name for name, trace in planted.items() if trace in after] == []


@pytest.mark.slow
def test_a_reader_holds_the_writer_up_only_briefly(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM weeks").fetchone()
        store.count([entry(1)])
        assert not store.wipe_leftovers()
    # It tried for so long, in milliseconds.
    assert store._connection.execute("PRAGMA busy_timeout").fetchone()[0] <= 500


@pytest.mark.slow
def test_a_crash_between_publishing_and_destroying_is_made_good_at_the_next_start(
    store: SqliteStore,
    path: Path,
    entry: MakeEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planted = _plant(store, path, entry)
    store.close_week(W47, _closing(W47))
    crashed = tmp_path / "crashed"
    subprocess.run(["/bin/mkdir", str(crashed)], check=True)
    for name in ("headcount.db", "headcount.db-wal", "headcount.db.keys"):
        subprocess.run(["/bin/cp", "-r", str(path.with_name(name)), str(crashed)], check=True)
    copy = crashed / path.name
    assert planted["week key"] in _bytes_on_disk(copy)
    # The crashed server would not run any more, as the one beside does.
    monkeypatch.setattr(Claim, "take_name", lambda *_: None)
    again = SqliteStore(copy)
    assert again.wipe_leftovers()
    assert list(again.open_weeks()) == [W46]
    assert len(again.published(None, None, 9)) == 1
    after = _bytes_on_disk(copy)
    assert [name for name, trace in planted.items() if trace in after] == []
    again.close()


@pytest.mark.slow
def test_a_key_that_cannot_be_destroyed_keeps_the_erasure_pending_but_not_the_log(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    store.count([entry(1, note=CANARY)])
    obstacle = path.with_name("headcount.db.keys") / "2026-W01.key"
    obstacle.mkdir()
    store.close_week(W47, _closing(W47))
    assert not store.wipe_leftovers()
    assert CANARY.encode() not in _bytes_on_disk(path)
    obstacle.rmdir()
    assert store.wipe_leftovers()


@pytest.mark.slow
def test_an_erasure_empties_the_log_of_an_open_week_too(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    wal = path.with_name(f"{path.name}-wal")
    store.count([entry(1)])
    assert wal.stat().st_size > 0
    assert store.wipe_leftovers()
    assert wal.stat().st_size == 0
    assert store.count([entry(1)]) == [DUPLICATE]


@pytest.mark.slow
def test_the_files_are_readable_by_the_server_alone(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    store.count([entry(1)])
    modes = {
        file.relative_to(path.parent).as_posix(): stat.S_IMODE(file.stat().st_mode)
        for file in path.parent.rglob("headcount*")
    }
    assert modes == {
        "headcount.db": 0o600,
        "headcount.db-wal": 0o600,
        "headcount.db-shm": 0o600,
        "headcount.db.lock": 0o600,
        "headcount.db.keys": 0o700,
    }


@pytest.mark.slow
def test_no_table_but_the_tokens_grows_with_the_reports(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    tables = [str(name) for (name,) in _rows(path, query)]

    def sizes() -> dict[str, object]:
        return {
            name: _rows(path, f"SELECT count(*) FROM [{name}]")[0][0]  # noqa: S608 - names of our tables
            for name in tables
        }

    store.count([entry(1)])
    before = sizes()
    store.count([entry(n) for n in range(2, 30)])
    assert {name for name, size in sizes().items() if size != before[name]} == {"tokens_2026_W47"}
    assert _rows(path, "SELECT name FROM pragma_table_info('tokens_2026_W47')") == [("token",)]


def test_a_second_server_on_the_same_file_is_refused(store: SqliteStore, path: Path) -> None:
    with pytest.raises(StoreError, match=r"headcount\.db: another server has it open"):
        SqliteStore(path)
    assert list(store.open_weeks()) == [W46, W47]


def test_a_file_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="a SQLite file of another program"):
        SqliteStore(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0broken"])
def test_a_file_that_is_no_database_is_refused_by_its_name(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"headcount\.db: "):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere.headcount\.db: "):
        SqliteStore(tmp_path / "nowhere" / "headcount.db")


def test_an_open_week_without_its_key_is_refused(
    path: Path, toy_schema: Schema, entry: MakeEntry
) -> None:
    store = SqliteStore(path)
    store.open_week(W47, _terms(W47), toy_schema)
    store.count([entry(1)])
    store.close()
    key = path.with_name("headcount.db.keys") / "2026-W47.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(StoreError, match=r"2026-W47\.key"):
        SqliteStore(path)
    key.write_bytes(kept)
    again = SqliteStore(path)
    assert again.count([entry(1)]) == [DUPLICATE]
    again.close()


def test_a_refused_start_leaves_the_database_free_for_the_next_one(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError):
        SqliteStore(path)
    path.unlink()
    SqliteStore(path).close()


@pytest.mark.slow
def test_a_full_disk_counts_nothing_and_is_unavailable_until_there_is_room(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    store.count([entry(1)])
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Unavailable):
        store.count([entry(n, note=f"text-{n:040}") for n in range(2, 900)])
    assert _reports(path) == {"2026-W47": 1}
    assert _rows(path, "SELECT count(*) FROM tokens_2026_W47") == [(1,)]
    store._connection.execute("PRAGMA max_page_count=1073741823")
    assert store.count([entry(1), entry(2)]) == [DUPLICATE, COUNTED]
    assert _reports(path) == {"2026-W47": 2}


def test_a_failed_transaction_forgets_the_values_that_it_had_seen(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    store.count([entry(1, note="kept")])
    store._connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON open_reports BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(Unavailable):
        store.count([entry(2, note="lost")])
    assert store._vocabularies[W47]._introduced["toy", NOTE] == {"kept"}
    store._connection.execute("DROP TRIGGER full")
    assert store.count([entry(2, note="lost")]) == [COUNTED]
    assert _reports(path) == {"2026-W47": 2}


@pytest.mark.slow
def test_a_close_that_fails_leaves_the_week_open_and_whole(
    store: SqliteStore, entry: MakeEntry
) -> None:
    store.count([entry(n) for n in range(5)])
    store._connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON published_values BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(Unavailable, match="the week cannot be closed: no"):
        store.close_week(W47, _closing(W47))
    assert store.published(None, None, 1) == []
    assert store.count([entry(1), entry(9)]) == [DUPLICATE, COUNTED]
    store._connection.execute("DROP TRIGGER full")
    store.close_week(W47, _closing(W47))
    assert store.published(None, None, 1)[0].projects[0].publication.reports == 5


def test_a_week_that_fails_to_open_can_be_opened_later(path: Path, toy_schema: Schema) -> None:
    store = SqliteStore(path)
    store._connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON weeks BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(Unavailable, match="the week cannot be opened: no"):
        store.open_week(W47, _terms(W47), toy_schema)
    assert store.open_weeks() == {}
    store._connection.execute("DROP TRIGGER full")
    store.open_week(W47, _terms(W47), toy_schema)
    assert list(store.open_weeks()) == [W47]
    store.close()


def test_totals_that_cannot_be_read_are_unavailable(store: SqliteStore, path: Path) -> None:
    away = path.with_name("away.db")
    path.rename(away)
    try:
        with pytest.raises(Unavailable):
            store.published(None, None, 1)
    finally:
        away.rename(path)


@pytest.mark.slow
def test_a_duplicate_writes_and_syncs_as_much_as_a_first_report(
    store: SqliteStore, path: Path, entry: MakeEntry
) -> None:
    """Else who knows a token could measure from outside whether it has reported."""
    log = path.with_name(f"{path.name}-wal")
    store.count([entry(number, note="usual") for number in range(40)])

    def written(*numbers: int) -> int:
        assert store.wipe_leftovers()
        outcomes = store.count([entry(number, note="usual") for number in numbers])
        assert len(set(outcomes)) == 1
        return log.stat().st_size

    first = [written(100), written(101, 102, 103)]
    assert [written(100), written(101, 102, 103)] == first
    assert [written(5), written(6, 7, 8)] == first
    assert _reports(path) == {"2026-W47": 44}
