"""A power cut loses no report that was acknowledged.

What a disk holds after one: everything that was synced, and anything or
nothing of what was written since. `synchronous=FULL` syncs the write-ahead log
before a commit returns, so at most the log's tail since then is lost; pages of
the database are written only by a checkpoint, while the whole log is synced.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from headcount_server.counting import answers
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.store_files import commits, dump, take_copy

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("copies_run")]

W46, W47 = Week(2026, 46), Week(2026, 47)
PAGE = 4096

MakeEntry = Callable[..., Entry]


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    (tmp_path / "living").mkdir()
    return tmp_path / "living" / "headcount.db"


@pytest.fixture(name="store")
def _store(path: Path, toy_schema: Schema) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    for week in (W46, W47):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), toy_schema)
    yield store
    store.close()


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> MakeEntry:
    def entry(number: int, week: Week = W47) -> Entry:
        report = said(note={"value": f"text {number}"}, php_version={"value": "8.2"})
        return Entry(week, toy, number.to_bytes(16), answers.read(toy, report, date(2026, 11, 19)))

    return entry


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _kept(path: Path, entries: list[Entry]) -> int:
    """How many of these a server that starts from here has counted; the rest it counts now."""
    store = SqliteStore(path)
    outcomes = store.count(entries)
    total = sum(int(str(row[2])) for row in dump(path)["open_reports"])
    store.close()
    assert total == len(entries)
    return outcomes.count(Outcome.DUPLICATE)


def test_a_commit_is_synced_before_it_returns(store: SqliteStore) -> None:
    full = 2
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (full,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_whatever_is_lost_of_the_log_since_the_last_acknowledgement_nothing_else_is(
    store: SqliteStore, path: Path, entry: MakeEntry, tmp_path: Path
) -> None:
    entries = [entry(number) for number in range(12)]
    acknowledged = []
    for one in entries:
        assert store.count([one]) == [Outcome.COUNTED]
        acknowledged.append(_log(path).stat().st_size)
    disk = take_copy(path, tmp_path / "disk")
    log = _log(disk).read_bytes()
    cut = random.Random(1)  # noqa: S311 - anywhere
    for safe, synced in enumerate(acknowledged[:-1], start=1):
        for end in (synced, synced + 1, cut.randrange(synced, acknowledged[safe])):
            lost = take_copy(disk, tmp_path / f"{safe}-{end}")
            _log(lost).write_bytes(log[:end])
            assert _kept(lost, entries) == safe
            # What comes after may have reached the disk as well, or as garbage.
            torn = take_copy(disk, tmp_path / f"{safe}-{end}-torn")
            garbage = bytes(cut.randrange(256) for _ in range(PAGE))
            _log(torn).write_bytes(log[:end] + garbage)
            assert _kept(torn, entries) == safe


def test_a_report_is_kept_as_soon_as_its_commit_is_whole(
    store: SqliteStore, path: Path, entry: MakeEntry, tmp_path: Path
) -> None:
    before = len(
        commits(take_copy(path, tmp_path / "before").with_name("headcount.db-wal").read_bytes())
    )
    entries = [entry(number) for number in range(5)]
    for one in entries:
        store.count([one])
    disk = take_copy(path, tmp_path / "disk")
    ends = commits(_log(disk).read_bytes())[before:]
    assert len(ends) == len(entries)
    for number, end in enumerate(ends, start=1):
        lost = take_copy(disk, tmp_path / str(number))
        _log(lost).write_bytes(_log(disk).read_bytes()[:end])
        assert _kept(lost, entries) == number


@pytest.mark.parametrize("seed", range(5))
def test_a_power_cut_during_a_checkpoint_loses_nothing(
    store: SqliteStore, path: Path, entry: MakeEntry, tmp_path: Path, seed: int
) -> None:
    """Any of the pages may have been written, torn even, while the log is still there."""
    store.wipe_leftovers()
    entries = [entry(number) for number in range(60)]
    for one in entries:
        store.count([one])
    disk = take_copy(path, tmp_path / "disk")
    assert store.wipe_leftovers()
    after = take_copy(path, tmp_path / "after").read_bytes()
    old = disk.read_bytes().ljust(len(after), b"\0")
    which = random.Random(seed)  # noqa: S311 - any of the pages
    half = PAGE // 2
    mixed = bytearray(old)
    for start in range(0, len(after), half):
        if which.random() < 0.5:
            mixed[start : start + half] = after[start : start + half]
    disk.write_bytes(mixed)
    assert _kept(disk, entries) == len(entries)


def test_a_power_cut_after_the_checkpoint_loses_nothing(
    store: SqliteStore, path: Path, entry: MakeEntry, tmp_path: Path
) -> None:
    entries = [entry(number) for number in range(20)]
    store.count(entries)
    assert store.wipe_leftovers()
    disk = take_copy(path, tmp_path / "disk")
    _log(disk).unlink()
    assert _kept(disk, entries) == len(entries)


def test_a_power_cut_between_close_and_erasure_publishes_once(
    store: SqliteStore, path: Path, entry: MakeEntry, tmp_path: Path
) -> None:
    store.count([entry(number, W46) for number in range(10)])
    before = _log(path).stat().st_size
    store.close_week(W46, W46.end + timedelta(days=2))
    disk = take_copy(path, tmp_path / "disk")
    log = _log(disk).read_bytes()
    published = []
    for end in [*range(before, len(log), PAGE), len(log)]:
        lost = take_copy(disk, tmp_path / str(end))
        _log(lost).write_bytes(log[:end])
        again = SqliteStore(lost)
        if W46 in again.open_weeks():
            again.close_week(W46, W46.end + timedelta(days=2))
        assert again.wipe_leftovers()
        (week,) = again.published(None, None, 9)
        published.append(week.projects[0].publication.reports)
        again.close()
    assert set(published) == {10}
