"""A backup holds what is published, is verified, and can be put back."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from headcount_server.errors import StoreError
from headcount_server.publication.published import Coverage
from headcount_server.registry.schema import Schema
from headcount_server.store.published_tables import every_week
from headcount_server.store.sqlite import backup
from headcount_server.store.sqlite.store import SqliteStore
from support.server_process import THURSDAY, ServerProcess
from support.toy_weeks import CANARY, W45, W46, W47, command, database_at, live, lived


@pytest.fixture(name="database")
def _database(tmp_path: Path, toy_schema: Schema) -> Path:
    return lived(tmp_path / "headcount.db", toy_schema)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "backups.d" / "monday.db"


@pytest.fixture(autouse=True)
def _folder(file: Path) -> None:
    file.parent.mkdir()


def _tables(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608
            for (name,) in names
        }


def test_a_backup_holds_every_published_total(database: Path, file: Path) -> None:
    result = command("backup", "--database", database, file)
    assert result.exit_code == 0, result.output
    assert "2 closed weeks, verified" in result.output
    assert every_week(database_at(file)) == every_week(database_at(database))
    assert [week.week for week in every_week(database_at(file))] == [W46, W45]


def test_a_backup_has_nothing_of_the_open_week_in_any_byte(
    database: Path, file: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        tokens = connection.execute("SELECT token FROM tokens_2026_W47").fetchall()
    assert len(tokens) == 7
    assert CANARY.encode() in database.read_bytes()
    backup.back_up(database, file, open_weeks=False)
    content = file.read_bytes()
    assert CANARY.encode() not in content
    assert str(W47).encode() not in content
    assert not [token for (token,) in tokens if token in content]
    assert [path.name for path in file.parent.iterdir()] == ["monday.db"]
    kept = every_week(database_at(file))
    assert kept == every_week(database_at(database))
    assert all(project.schemas for week in kept for project in week.projects)
    assert sum(n for name, n in _tables(file).items() if name.startswith("open_")) == 0
    assert not (tmp_path / "backups.d" / "monday.db.keys").exists()


def test_a_backup_with_open_weeks_says_what_it_is_and_loses_no_token(
    database: Path, file: Path, tmp_path: Path
) -> None:
    result = command("backup", "--database", database, "--open-weeks", file)
    assert result.exit_code == 0, result.output
    assert "2 closed weeks, 1 open, verified" in result.output
    assert "destroy both when these weeks close" in result.stderr
    elsewhere = tmp_path / "elsewhere.db"
    former = backup.former_database(database)
    assert backup.restore(file, elsewhere, W47.end, former).given_up == ()
    store = SqliteStore(elsewhere)
    assert list(store.open_weeks()) == [W47]
    store.close()
    assert _tables(elsewhere) == _tables(database)
    keys = [path / "2026-W47.key" for path in (Path(f"{database}.keys"), Path(f"{elsewhere}.keys"))]
    assert keys[0].read_bytes() == keys[1].read_bytes()


def test_only_the_operator_can_read_a_backup(database: Path, file: Path) -> None:
    before = os.umask(0)
    try:
        backup.back_up(database, file, open_weeks=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = file.with_name("monday.db.keys")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys.iterdir()} == {0o600}


@pytest.mark.parametrize("open_weeks", [False, True])
def test_a_backup_beside_a_writing_server_is_one_moment_of_it(
    tmp_path: Path,
    toy_schema: Schema,
    file: Path,
    open_weeks: bool,  # noqa: FBT001 - a column of the table
) -> None:
    path = tmp_path / "busy.db"
    store = live(path, toy_schema)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            with store._transaction():
                for table in ("reports", "answers"):
                    store._connection.execute(f"UPDATE open_{table} SET {table} = {table} + 1")  # noqa: S608

    writing = threading.Thread(daemon=True, target=write)
    writing.start()
    try:
        backup.back_up(path, file, open_weeks=open_weeks)
    finally:
        done.set()
        writing.join()
    assert every_week(database_at(file)) == every_week(database_at(path))
    with closing(sqlite3.connect(file)) as copy:
        totals = copy.execute("SELECT reports FROM open_reports").fetchall()
        answers = copy.execute("SELECT DISTINCT answers FROM open_answers").fetchall()
    assert totals == answers
    assert bool(totals) is open_weeks
    store.close()


def test_a_backup_beside_a_running_server_process_disturbs_nothing(
    serve: Callable[..., ServerProcess], toy_registry: Path, file: Path
) -> None:
    server = serve(toy_registry, clock=THURSDAY)
    assert command("backup", "--database", server.database, file).exit_code == 0
    assert command("check", "--database", server.database).exit_code == 0
    assert server.stop() == 0


def test_a_file_that_is_there_is_not_overwritten(database: Path, file: Path) -> None:
    file.write_text("precious", encoding="ascii")
    result = command("backup", "--database", database, file)
    assert result.exit_code == 1
    assert f"Error: {file}: is there already" in result.output
    assert file.read_text(encoding="ascii") == "precious"


def test_a_backup_that_fails_leaves_nothing_behind(
    database: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "sync", fail)
    with pytest.raises(StoreError, match="No space left"):
        backup.back_up(database, file, open_weeks=False)
    assert list(file.parent.iterdir()) == []


def test_a_restored_server_goes_on_with_all_that_was_published(
    database: Path, file: Path, tmp_path: Path
) -> None:
    expected = every_week(database_at(database))
    backup.back_up(database, file, open_weeks=False)
    place = tmp_path / "new.db"
    result = command("restore", "--database", place, file)
    assert result.exit_code == 0, result.output
    store = SqliteStore(place)
    assert store.published(None, None, 9) == expected
    assert store.open_weeks() == {}
    store.close()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".keys"])
def test_a_restore_never_mixes_with_what_a_former_database_left(
    database: Path, file: Path, tmp_path: Path, suffix: str
) -> None:
    backup.back_up(database, file, open_weeks=False)
    place = tmp_path / "new.db"
    left = tmp_path / f"new.db{suffix}"
    left.write_bytes(b"left")
    result = command("restore", "--database", place, file)
    assert result.exit_code == 1
    assert f"{left}: is there already; name another file, or move it away first" in result.output
    assert left.read_bytes() == b"left"


def test_a_restore_under_a_running_server_is_refused(
    database: Path, file: Path, tmp_path: Path, toy_schema: Schema
) -> None:
    backup.back_up(database, file, open_weeks=False)
    running = live(tmp_path / "running.db", toy_schema)
    result = command("restore", "--database", tmp_path / "running.db", file)
    assert result.exit_code == 1
    assert "another server has it open" in result.output
    running.close()


def test_a_damaged_backup_is_refused_and_nothing_is_put_in_place(
    database: Path, file: Path, tmp_path: Path
) -> None:
    backup.back_up(database, file, open_weeks=False)
    content = bytearray(file.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 16] = b"\xff" * 16
    file.write_bytes(content)
    result = command("restore", "--database", tmp_path / "new.db", file)
    assert result.exit_code == 1
    assert "monday.db: database disk image is malformed" in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "new.db").exists()


def test_what_is_no_backup_is_refused(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE t (x)")
    result = command("restore", "--database", tmp_path / "new.db", file)
    assert result.exit_code == 1
    assert "a SQLite file of another program" in result.output
    missing = command("restore", "--database", tmp_path / "new.db", tmp_path / "no.db")
    assert "there is no such database" in missing.output


def test_a_restored_week_whose_close_is_past_is_given_up_and_a_notice_says_so(
    database: Path, file: Path, tmp_path: Path
) -> None:
    """The former database may have published it; of two subsets anybody could take differences."""
    backup.back_up(database, file, open_weeks=True)
    place = tmp_path / "new.db"
    result = command("restore", "--database", place, file)
    assert result.exit_code == 0, result.output
    assert "3 closed weeks, verified" in result.output
    assert "2026-W47: past its close, so it is given up; a public notice says so" in result.output
    (newest, *_) = every_week(database_at(place))
    assert (newest.week, newest.projects, newest.annotation) == (W47, (), backup.GIVEN_UP)
    assert not place.with_name("new.db.keys").exists()
    assert CANARY.encode() not in place.read_bytes()
    assert command("check", "--database", place).exit_code == 0
    store = SqliteStore(place)
    assert store.open_weeks() == {}
    store.close()


def test_a_backup_with_open_weeks_is_not_served_but_by_way_of_restore(
    database: Path, file: Path
) -> None:
    backup.back_up(database, file, open_weeks=True)
    with pytest.raises(StoreError, match=r"a backup with open weeks; put it in place with `head"):
        SqliteStore(file)


def test_a_backup_without_open_weeks_can_be_served_where_it_is_copied_to(
    database: Path, file: Path
) -> None:
    backup.back_up(database, file, open_weeks=False)
    store = SqliteStore(file)
    assert len(store.published(None, None, 9)) == 2
    store.close()
    SqliteStore(file).close()


def test_a_restore_keeps_what_the_former_database_had_retracted(
    database: Path, file: Path, tmp_path: Path
) -> None:
    backup.back_up(database, file, open_weeks=True)
    because = ["--project", "toy", "--reason", "It let names through."]
    one_week = ["--key", "php_version", "--week", "2026-W46"]
    for which in (one_week, ["--key", "multisite"]):
        result = command("retract", "--database", database, *because, *which)
        assert result.exit_code == 0, result.output
    place = tmp_path / "new.db"
    result = command("restore", "--database", place, "--former", database, file)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    by_week = {week.week: week for week in every_week(database_at(place))}
    assert {W45: by_week[W45], W46: by_week[W46]} == {
        week.week: week for week in every_week(database_at(database))
    }
    # And it is withheld from weeks to come.
    with closing(sqlite3.connect(place)) as connection:
        notices = connection.execute("SELECT week, reason FROM retractions ORDER BY week")
        assert ("", "It let names through.") in notices.fetchall()


def test_numbers_of_installations_are_in_a_backup_and_in_what_is_restored(
    database: Path, file: Path, tmp_path: Path
) -> None:
    said = ["--project=toy", "--week=2026-W46", "--installations=70", "--source=downloads"]
    assert command("coverage", "--database", database, *said).exit_code == 0
    assert command("backup", "--database", database, file).exit_code == 0
    place = tmp_path / "new.db"
    assert command("restore", "--database", place, file).exit_code == 0
    for path in (file, place):
        newest = every_week(database_at(path))[0]
        assert newest.coverages == (Coverage("toy", 70, "downloads"),)


def test_a_restore_without_the_former_database_says_what_may_be_public_again(
    database: Path, file: Path, tmp_path: Path
) -> None:
    backup.back_up(database, file, open_weeks=False)
    result = command("restore", "--database", tmp_path / "new.db", file)
    assert result.exit_code == 0
    assert "what was retracted since the backup is public again" in result.stderr
