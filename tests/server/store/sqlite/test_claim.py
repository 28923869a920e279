"""Database, log, keys and lock belong together: what does not fit is refused or stopped."""

from __future__ import annotations

import os
import shutil
import sqlite3
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.counting import answers
from headcount_server.errors import StoreError, Unavailable
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.claim import Claim, beside
from headcount_server.store.sqlite.store import SqliteStore
from support.server_process import THURSDAY, ServerProcess, fetch
from support.toy_weeks import OPEN_SINCE, SUBMIT, W47, command, live, lived
from support.waiting import until

SUFFIXES = ("", "-wal", "-shm", ".lock", ".keys")


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "headcount.db"


@pytest.fixture(name="entry")
def _entry(toy: Project) -> Callable[[int], Entry]:
    read = answers.read(toy, b"", OPEN_SINCE.date())
    return lambda number: Entry(W47, toy, bytes([W47.number]) * 8 + number.to_bytes(8), read)


@pytest.fixture(name="store")
def _store(path: Path, toy_schema: Schema) -> Iterator[SqliteStore]:
    """A store with seven reports of W47, those of the entries 0 to 6."""
    store = live(path, toy_schema)
    yield store
    store.close()


def _move(path: Path, place: Path) -> Path:
    place.mkdir()
    for suffix in SUFFIXES:
        with suppress(FileNotFoundError):
            beside(path, suffix).rename(beside(place / path.name, suffix))
    return place / path.name


def _refused(path: Path, words: str) -> None:
    """A server and the commands refuse a database, and change nothing of it."""
    before = _content(path.parent)
    with pytest.raises(StoreError, match=words):
        SqliteStore(path)
    check = command("check", "--database", path)
    assert (check.exit_code, "Traceback" in check.output) == (1, False)
    assert _content(path.parent) == before


def _content(place: Path) -> dict[Path, bytes]:
    """The files of a folder; but for the lock, the index and what is empty, which stay."""
    return {
        file: content
        for file in place.rglob("*")
        if file.is_file() and not file.name.endswith(("-shm", ".lock"))
        if (content := file.read_bytes())
    }


def test_a_start_with_the_database_away_replaces_no_key(
    path: Path, toy_schema: Schema, entry: Callable[[int], Entry]
) -> None:
    """Else everybody would be counted again once the database is back."""
    lived(path, toy_schema)
    away = path.with_name("saved.db")
    path.rename(away)
    _refused(path, r"headcount\.db: is not there, but .*2026-W47\.key is; put back the database")
    assert not path.exists()
    away.rename(path)
    store = SqliteStore(path)
    assert store.count([entry(number) for number in range(8)]) == [Outcome.DUPLICATE] * 7 + [
        Outcome.COUNTED
    ]
    store.close()


def test_the_keys_of_another_database_are_refused_though_the_week_is_the_same(
    path: Path, toy_schema: Schema, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = lived(tmp_path / "other" / "headcount.db", toy_schema)
    lived(path, toy_schema)
    shutil.rmtree(beside(path, ".keys"))
    beside(other, ".keys").rename(beside(path, ".keys"))
    _refused(path, "not the key that 2026-W47 was counted with")


def test_a_key_of_a_week_that_the_database_does_not_know_is_left_for_its_owner(
    path: Path, toy_schema: Schema
) -> None:
    lived(path, toy_schema)
    (beside(path, ".keys") / "2026-W48.key").write_bytes(os.urandom(32))
    _refused(path, r"2026-W48\.key: a key that this database knows nothing of")


@pytest.mark.parametrize("state", ["empty", "missing"])
def test_no_database_is_begun_beside_the_log_of_a_former_one(
    path: Path, toy_schema: Schema, tmp_path: Path, state: str
) -> None:
    store = live(path, toy_schema)
    store.count([])
    place = tmp_path / "crashed"
    place.mkdir()
    log = beside(place / path.name, "-wal")
    log.write_bytes(beside(path, "-wal").read_bytes())
    store.close()
    assert log.stat().st_size > 0
    if state == "empty":
        (place / path.name).touch()
    _refused(place / path.name, r"headcount\.db: is .*, but .*-wal is; put back the database")


@pytest.mark.parametrize("what", ["another database", "a backup"])
def test_a_database_beside_the_log_of_another_is_refused(  # noqa: PLR0913 - fixtures
    store: SqliteStore,
    path: Path,
    toy_schema: Schema,
    tmp_path: Path,
    entry: Callable[[int], Entry],
    what: str,
) -> None:
    if what == "a backup":
        place = tmp_path / "backup.db"
        assert command("backup", "--database", path, place).exit_code == 0
    else:
        place = lived(tmp_path / "other.db", toy_schema)
        shutil.rmtree(beside(place, ".keys"))
    store.count([entry(9)])
    beside(place, "-wal").write_bytes(beside(path, "-wal").read_bytes())
    _refused(place, r"-wal is the log of another database")


def test_the_own_log_after_a_crash_is_not_taken_for_another(
    store: SqliteStore,
    path: Path,
    tmp_path: Path,
    entry: Callable[[int], Entry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.count([entry(9)])
    copy = tmp_path / "crashed" / path.name
    copy.parent.mkdir()
    for suffix in ("", "-wal"):
        beside(copy, suffix).write_bytes(beside(path, suffix).read_bytes())
    shutil.copytree(beside(path, ".keys"), beside(copy, ".keys"))
    monkeypatch.setattr(Claim, "take_name", lambda *_: None)  # the crashed one is still here
    crashed = SqliteStore(copy)
    assert crashed.count([entry(9)]) == [Outcome.DUPLICATE]
    crashed.close()


@pytest.mark.parametrize("name", ["", ":memory:", "file:x.db", "file:x.db?mode=memory"])
@pytest.mark.parametrize("asked", ["check", "statistics", "restore"])
def test_names_that_are_no_files_are_refused_and_leave_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, asked: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = command(asked, "--database", name, *(["b.db"] if asked == "restore" else []))
    assert result.exit_code == 1
    assert "no file's name; name a file such as headcount.db" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_the_database_that_it_leads_to(
    path: Path, toy_schema: Schema, tmp_path: Path
) -> None:
    lived(path, toy_schema)
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    assert command("check", "--database", link).exit_code == 0
    running = SqliteStore(path)
    result = command("discard", "--database", link, "--week", "2026-W47")
    running.close()
    assert "headcount.db: another server has it open" in result.output
    assert [file.name for file in link.parent.iterdir()] == ["link.db"]


def test_a_file_with_two_names_is_refused(path: Path, toy_schema: Schema, tmp_path: Path) -> None:
    lived(path, toy_schema)
    (tmp_path / "second.db").hardlink_to(path)
    with pytest.raises(StoreError, match="has a second name"):
        SqliteStore(path)


def test_of_two_copies_one_runs_at_a_time(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / path.name
    copy.parent.mkdir()
    assert store.wipe_leftovers()
    copy.write_bytes(path.read_bytes())
    shutil.copytree(beside(path, ".keys"), beside(copy, ".keys"))
    with pytest.raises(StoreError, match="a server runs on a copy of this database"):
        SqliteStore(copy)
    result = command("discard", "--database", copy, "--week", "2026-W47")
    assert "a server runs on a copy of this database" in result.output


def test_a_second_server_is_refused_though_the_lock_was_deleted(
    store: SqliteStore, path: Path, entry: Callable[[int], Entry]
) -> None:
    beside(path, ".lock").unlink()
    with pytest.raises(StoreError, match="or on this one and its lock was deleted"):
        SqliteStore(path)
    with pytest.raises(Unavailable):
        store.count([entry(9)])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("how", ["gone", "replaced"])
def test_nothing_is_counted_once_a_file_is_gone_or_replaced_until_it_is_back(
    store: SqliteStore, path: Path, entry: Callable[[int], Entry], suffix: str, how: str
) -> None:
    file = beside(path, suffix)
    away = path.with_name("away")
    file.rename(away)
    if how == "replaced":
        shutil.copytree(away, file) if away.is_dir() else shutil.copyfile(away, file)
    before = _bytes(path)
    with pytest.raises(Unavailable) as refused:
        store.count([entry(9)])
    assert str(path) not in str(refused.value)
    assert refused.value.why.startswith(f"{beside(path, suffix)}")
    assert not store.probe()
    store.wipe_leftovers()
    assert _bytes(path) == before, "what was put there in between belongs to somebody else"
    if how == "replaced":
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    away.rename(file)
    assert store.probe()
    assert store.count([entry(9), entry(0)]) == [Outcome.COUNTED, Outcome.DUPLICATE]


def _bytes(path: Path) -> dict[str, bytes]:
    """The files at a database's path, but those that SQLite changes while it only reads."""
    there = [beside(path, suffix) for suffix in ("", "-wal", ".lock") if suffix != "-shm"]
    keys = [file for file in beside(path, ".keys").glob("*") if file.is_file()]
    return {str(file): file.read_bytes() for file in (*there, *keys) if file.is_file()}


def _send(server: ServerProcess, number: int) -> grpc.StatusCode:
    request = wire.SubmitReportRequest(week=str(W47), token=number.to_bytes(16))
    request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
        try:
            call(request.SerializeToString(), timeout=20)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def _health(server: ServerProcess) -> int:
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/grpc.health.v1.Health/Check"
        )
        return health_pb2.HealthCheckResponse.FromString(check(b"", timeout=20)).status


def _counted(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        (reports,) = reader.execute("SELECT coalesce(sum(reports), 0) FROM open_reports").fetchone()
    return int(reports)


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_running_server_whose_files_are_taken_away_acknowledges_nothing_more(
    serve: Callable[..., ServerProcess], toy_registry: Path, tmp_path: Path, how: str
) -> None:
    server = serve(toy_registry, clock=THURSDAY)
    sent = [_send(server, number) for number in range(20)]
    assert sent == [grpc.StatusCode.OK] * 20
    until(lambda: not beside(server.database, "-wal").stat().st_size)
    former = tmp_path / "former"
    if how == "moved":
        _move(server.database, former)
    else:
        for suffix in ("", "-wal", "-shm", ".lock"):
            beside(server.database, suffix).unlink()
    refused = [_send(server, number) for number in range(20, 23)]
    assert refused == [grpc.StatusCode.UNAVAILABLE] * 3
    until(lambda: _health(server) == health_pb2.HealthCheckResponse.NOT_SERVING)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        fetch(f"http://{server.addresses['operations']}/healthz")
    (told,) = until(  # the log is written beside all else
        lambda: [line for line in server.errors().splitlines() if "cannot be kept" in line]
    )
    assert "is gone while this server had it open" in told
    server.wait_for_metric("headcount_server_writable 0", "operations")
    if how == "moved":
        assert _counted(former / server.database.name) == 20
        for suffix in SUFFIXES:
            with suppress(FileNotFoundError):
                beside(former / server.database.name, suffix).rename(
                    beside(server.database, suffix)
                )
        until(lambda: _health(server) == health_pb2.HealthCheckResponse.SERVING)
        assert fetch(f"http://{server.addresses['operations']}/healthz") == "serving\n"
        assert _send(server, 20) is grpc.StatusCode.OK
        assert _send(server, 0) is grpc.StatusCode.OK
        assert _counted(server.database) == 21
    assert server.stop() == 0


def test_a_restore_beside_a_server_that_was_not_stopped_takes_no_report_away(
    serve: Callable[..., ServerProcess], toy_registry: Path, tmp_path: Path
) -> None:
    """The recipe without its first line."""
    server = serve(toy_registry, clock=THURSDAY)
    assert command("backup", "--database", server.database, tmp_path / "b.db").exit_code == 0
    assert _send(server, 1) is grpc.StatusCode.OK
    _move(server.database, tmp_path / "former")
    assert command("restore", "--database", server.database, tmp_path / "b.db").exit_code == 0
    restored = server.database.read_bytes()
    assert _send(server, 2) is grpc.StatusCode.UNAVAILABLE
    until(lambda: _health(server) == health_pb2.HealthCheckResponse.NOT_SERVING)
    assert server.stop() == 0
    assert server.database.read_bytes() == restored
    assert _counted(tmp_path / "former" / server.database.name) == 1
