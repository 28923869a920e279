"""What is left of a week on the disk: while it is open, and after its close."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import count, islice, pairwise
from pathlib import Path

import pytest
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.config import Config
from headcount_server.counting import answers
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import writer as writer_module
from headcount_server.store.contract import Entry
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.store_files import commits, content, dump, file_of, held, rows, take_copy
from support.waiting import until

W46, W47 = Week(2026, 46), Week(2026, 47)
CLOSED_46, CLOSED_47 = W46.end + timedelta(days=2), W47.end + timedelta(days=2)

Note = Callable[[int, Week, str], Entry]
Said = Callable[..., bytes]


def token(number: int) -> bytes:
    return sha256(b"%d" % number).digest()[:16]


@pytest.fixture(name="note")
def _note(toy: Project, said: Said) -> Note:
    """A report that says one text, under a token made of a number."""

    def note(number: int, week: Week, text: str) -> Entry:
        report = said(note={"value": text}, php_version={"value": "8.2"})
        read = answers.read(toy, report, date(2026, 11, 19))
        return Entry(week, toy, token(number), read)

    return note


@pytest.fixture(name="store")
def _store(tmp_path: Path, toy_schema: Schema) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "headcount.db")
    for week in (W46, W47):
        store.open_week(week, Terms(1000, week.end + timedelta(days=2)), toy_schema)
    yield store
    store.close()


@dataclass
class Server:
    """A running server that one can report to."""

    app: App
    database: Path
    say: Callable[..., None]
    """Report these texts as `note` and `php_version`, under a token made of a number."""

    @property
    def log(self) -> Path:
        return self.database.with_name(f"{self.database.name}-wal")

    def wait_for_an_empty_log(self) -> None:
        until(lambda: self.log.stat().st_size == 0)


@pytest.fixture(name="server")
def _server(
    running: App, config: Config, submit: Callable[..., wire.SubmitReportResponse], said: Said
) -> Server:
    def say(number: int, text: str, php: str = "8.2") -> None:
        submit(said(note={"value": text}, php_version={"value": php}), number)

    return Server(running, file_of(config), say)


# --- after the close ----------------------------------------------------------------------------


def test_no_copy_of_a_closed_week_is_left_between_the_rows_of_an_open_one(
    tmp_path: Path, toy_schema: Schema, note: Note
) -> None:
    """SQLite leaves copies of rows behind when a page is split, now and then: so, many weeks."""
    path, order = tmp_path / "headcount.db", random.Random(1)  # noqa: S311 - which rows are neighbours
    store = SqliteStore(path)
    week, numbers = W46, iter(range(100_000))
    store.open_week(week, Terms(1000, week.end + timedelta(days=2)), toy_schema)
    for _ in range(25):
        following = week.next()
        store.open_week(following, Terms(1000, following.end + timedelta(days=2)), toy_schema)
        for _ in range(order.randrange(100, 200)):
            group = [
                note(
                    next(numbers),
                    of,
                    f"{of} {order.randrange(9999):04}" + "x" * order.randrange(50),
                )
                for of in (week, following)
                for _ in range(order.randrange(1, 6))
            ]
            store.count(group)
        open_week = f"SELECT * FROM open_values WHERE week = '{following}'"  # noqa: S608
        before = rows(path, open_week)
        store.close_week(week, week.end + timedelta(days=2))
        assert store.wipe_leftovers()
        assert f"{week} ".encode() not in content(held(path))
        assert rows(path, open_week) == before
        week = following
    store.close()


def _traces(store: SqliteStore, path: Path, note: Note) -> dict[str, bytes]:
    """Count one distinctive report among many, and tell what it leaves behind."""
    store.count([note(number, W47, f"Canary-{number:04}") for number in range(300)])
    return {
        "a value": b"Canary-0042",
        "a token": store._week_keys.hasher(W47, "toy")(token(42)),
        "the key": (path.with_name("headcount.db.keys") / "2026-W47.key").read_bytes(),
    }


def _vacuumed(path: Path, to: Path) -> None:
    with closing(sqlite3.connect(path)) as source:
        source.execute("VACUUM INTO ?", (str(to),))


def _backed_up(path: Path, to: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


@pytest.mark.parametrize("back_up", [_vacuumed, _backed_up])
@pytest.mark.parametrize("watched", [False, True], ids=["alone", "with a reader open"])
def test_a_backup_made_after_the_close_holds_nothing_of_the_week(
    store: SqliteStore,
    tmp_path: Path,
    note: Note,
    back_up: Callable[[Path, Path], None],
    watched: bool,  # noqa: FBT001 - a case
) -> None:
    path = tmp_path / "headcount.db"
    traces = _traces(store, path, note)
    back_up(path, tmp_path / "before.db")
    seen = (tmp_path / "before.db").read_bytes()
    assert [name for name, trace in traces.items() if trace in seen] == ["a value", "a token"]
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        if watched:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM tokens_2026_W47").fetchone() == (300,)
        store.close_week(W47, CLOSED_47)
        assert store.wipe_leftovers() is not watched
        back_up(path, tmp_path / "after.db")
    backup = (tmp_path / "after.db").read_bytes()
    assert [name for name, trace in traces.items() if trace in backup] == []


def test_the_metric_says_that_a_reader_keeps_a_closed_week_on_the_disk(
    server: Server,
    at: Callable[[str], None],
    fetch: Callable[..., tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer_module, "ERASE_SECONDS", 0.1)

    def wait_for(erased: str) -> None:
        until(lambda: f"headcount_server_erased {erased}" in fetch(server.app.operations)[1])

    server.say(1, "Canary")
    wait_for("1.0")
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM tokens_2026_W47").fetchone() == (1,)
        at("2026-11-25T00:00:00Z")
        wait_for("0.0")
        assert b"Canary" in content(held(server.database))
        assert not (server.database.with_name("headcount.db.keys") / "2026-W47.key").exists()
    wait_for("1.0")
    assert b"Canary" not in content(held(server.database))


# --- while it is open ---------------------------------------------------------------------------


def recovered(path: Path, place: Path) -> list[list[object]]:
    """What each commit in the log of a database added, as values and how often.

    On a quiet server that is one report each: what somebody with the live
    disk can see (DESIGN: said in PRIVACY.md, and bounded by truncation).
    """
    copy = take_copy(path, place)
    wal = copy.with_name(f"{copy.name}-wal")
    log = wal.read_bytes() if wal.exists() else b""
    states = []
    for number, end in enumerate([0, *commits(log)]):
        state = take_copy(copy, place / str(number))
        state.with_name(wal.name).write_bytes(log[:end])
        states.append({row[:-1]: row[-1] for row in dump(state)["open_values"]})
    return [
        [cell[3] for cell, n in after.items() if n != before.get(cell)]
        for before, after in pairwise(states)
    ]


def test_the_log_of_a_quiet_server_shows_reports_until_it_is_truncated(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.wait_for_an_empty_log()
    monkeypatch.setattr(writer_module, "ERASE_SECONDS", 60.0)
    for number, php in enumerate(["8.1", "8.2", "8.3"]):
        server.say(number, f"site {number}", php)
    assert recovered(server.database, tmp_path / "look") == [
        ["8.1", "site 0"],
        ["8.2", "site 1"],
        ["8.3", "site 2"],
    ]


def test_truncation_leaves_no_more_than_the_last_seconds_to_recover(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a look finds was reported since the last truncation, and these keep coming."""
    server.wait_for_an_empty_log()
    monkeypatch.setattr(writer_module, "ERASE_SECONDS", 0.3)
    weeks, numbers = server.app.weeks, count()
    erase, reported = weeks._store.wipe_leftovers, 0
    gone, found = [0], [0]  # reports that there were at each truncation, and in each look

    def erasing() -> bool:
        there = reported
        if done := erase():
            gone.append(there)
        return done

    def look() -> None:
        values = recovered(server.database, tmp_path / f"look {reported}")
        seen = [number for each in values for number in range(reported) if f"site {number}" in each]
        assert min(seen, default=reported) >= gone[-1]
        found.append(len(seen))

    def looked() -> bool:
        nonlocal reported
        for number in islice(numbers, 3):
            server.say(number, f"site {number}")
            reported = number + 1
        weeks._writer.run(look)  # which keeps it from a truncation meanwhile
        return len(set(gone)) > 3 and max(found) > 1

    monkeypatch.setattr(weeks._store, "wipe_leftovers", erasing)
    until(looked, told=lambda: f"truncated after {gone} reports, {found} found")
    server.wait_for_an_empty_log()
    assert recovered(server.database, tmp_path / "last look") == []


def test_the_log_is_truncated_within_seconds_of_the_last_report(server: Server) -> None:
    assert writer_module.ERASE_SECONDS <= 2
    server.wait_for_an_empty_log()
    server.say(1, "hello")
    due = server.app.weeks._writer._erase_at
    assert due is None or due <= time.monotonic() + writer_module.ERASE_SECONDS
    server.wait_for_an_empty_log()


# --- between weeks ------------------------------------------------------------------------------


def test_tokens_of_two_weeks_cannot_be_matched_by_what_a_server_holds(
    store: SqliteStore, tmp_path: Path, note: Note
) -> None:
    """Even where a client sends one token under two weeks, as none of ours does.

    The token of a client differs from week to week already; what is stored of
    it does once more, since each week has a key and a hash of its own.
    """
    path = tmp_path / "headcount.db"
    tokens = [token(number) for number in range(50)]
    store.count([note(number, W46, "hello") for number in range(50)])
    store.wipe_leftovers()
    first = dump(path)["tokens_2026_W46"]
    first_key = content([path.with_name("headcount.db.keys") / "2026-W46.key"])
    store.close_week(W46, CLOSED_46)
    assert store.wipe_leftovers()
    store.count([note(number, W47, "hello") for number in range(50)])
    second = dump(path)["tokens_2026_W47"]
    keys = sorted(path.with_name("headcount.db.keys").iterdir())
    assert [key.name for key in keys] == ["2026-W47.key"]
    assert content(keys) != first_key
    assert len({*first, *second}) == 100
    disk = content(held(path))
    assert not [sent for sent in tokens if sent in disk]
    assert not [hashed for (hashed,) in first if isinstance(hashed, bytes) and hashed in disk]
    assert first_key not in disk


def test_who_held_a_disk_before_the_close_learns_nothing_from_the_one_after_it(
    store: SqliteStore, tmp_path: Path, note: Note
) -> None:
    """Everything of an open week that outlives its close is in the published totals."""
    path = tmp_path / "headcount.db"
    store.count([note(number, W46, f"text {number % 7}") for number in range(40)])
    store.count([note(1000 + number, W47, "hello") for number in range(40)])
    store.close_week(W46, CLOSED_46)
    store.wipe_leftovers()
    after = dump(path)
    naming = {table for table, all_rows in after.items() if "2026-W46" in repr(all_rows)}
    # Terms and reserved places were settled as it opened, from the registry and published numbers.
    # The log commits to what is published, by hashes.
    assert naming == {"weeks", "week_registries", "key_terms", "places", "log_leaves"}
    assert "tokens_2026_W46" not in after
