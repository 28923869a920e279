"""Weeks open as they begin and close, once, when their grace is over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from headcount_server.clock import Clock, FileClock
from headcount_server.errors import Unavailable
from headcount_server.metrics.counters import Counters
from headcount_server.publication.terms import Policy, Terms
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.schema import Schema
from headcount_server.service import week_cycle as weeks_module
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.store.writer import Writer
from headcount_server.week import Week
from support.held_writer import held_up
from support.waiting import until

W45, W46, W47, W48 = (Week(2026, number) for number in range(45, 49))
TWO_DAYS = timedelta(days=2)


class Watched:
    """A clock that knows how often it was looked at."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return self._clock.now()

    def ahead(self) -> timedelta:
        return self._clock.ahead()


class Room:
    """The weeks of a real store and writer, with a record of the closes that were told."""

    def __init__(
        self, writer: Writer, store: SqliteStore, clock: Clock, policy: Policy, schema: Schema
    ) -> None:
        self.clock = Watched(clock)
        self.weeks = WeekCycle(
            writer, store, self.clock, policy, CurrentRegistry(schema), on_close=self.tell
        )
        self.store = store
        self.writer = writer
        self.told = 0
        self.fault: Exception | None = None

    def tell(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.told += 1

    def look_again(self) -> None:
        """Until the clock was looked at some more times, by whoever does so."""
        looks = self.clock.looks + 3
        until(lambda: self.clock.looks >= looks)

    def open(self) -> list[str]:
        return [str(week) for week in self.weeks.open()]

    def closed(self) -> list[str]:
        return [str(week.week) for week in self.store.published(None, None, 99)]

    def sql(self, statement: str) -> None:
        self.writer.run(lambda: self.store._connection.execute(statement).close())


Enter = Callable[..., AbstractContextManager[Room]]


@pytest.fixture(name="now")
def _now(clock_file: Path) -> Callable[[str], None]:
    def now(moment: str) -> None:
        clock_file.write_text(moment, encoding="ascii")

    return now


@pytest.fixture(name="enter")
def _enter(tmp_path: Path, clock_file: Path, toy_schema: Schema) -> Enter:
    """Start the weeks on the same database, over and over."""

    @contextmanager
    def enter(policy: Policy = Policy(5, TWO_DAYS)) -> Iterator[Room]:  # noqa: B008 - frozen
        store = SqliteStore(tmp_path / "headcount.db")
        writer = Writer(store, Counters())
        writer.start()
        room = Room(writer, store, FileClock(clock_file), policy, toy_schema)
        try:
            room.weeks.start()
            yield room
        finally:
            room.weeks.stop()
            writer.stop()

    return enter


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "open_weeks"),
    [
        ("2026-11-16T00:00:00Z", ["2026-W47", "2026-W46"]),
        ("2026-11-17T23:59:59Z", ["2026-W47", "2026-W46"]),
        ("2026-11-18T00:00:00Z", ["2026-W47"]),
        ("2026-11-22T23:59:59Z", ["2026-W47"]),
        ("2027-01-05T12:00:00Z", ["2027-W01", "2026-W53"]),
    ],
)
def test_open_are_the_current_week_and_until_its_close_the_one_before(
    enter: Enter, now: Callable[[str], None], moment: str, open_weeks: list[str]
) -> None:
    now(moment)
    with enter() as room:
        assert room.open() == open_weeks


@pytest.mark.slow
def test_without_grace_a_week_closes_as_the_next_begins(
    enter: Enter, now: Callable[[str], None]
) -> None:
    now("2026-11-16T00:00:00Z")
    with enter(Policy(5, timedelta())) as room:
        assert room.open() == ["2026-W47"]


@pytest.mark.slow
def test_a_week_takes_nothing_from_the_very_moment_of_its_close(
    enter: Enter, now: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weeks_module, "TICK_SECONDS", 60.0)
    now("2026-11-17T23:59:59Z")
    with enter() as room:
        now("2026-11-18T00:00:00Z")
        assert room.open() == ["2026-W47"]
        assert room.closed() == []


@pytest.mark.slow
def test_due_weeks_close_by_themselves_and_that_is_told_once(
    enter: Enter, now: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weeks_module, "TICK_SECONDS", 0.02)
    now("2026-11-17T12:00:00Z")
    with enter() as room:
        assert room.closed() == []
        now("2026-11-18T00:00:00Z")
        until(lambda: room.told)
        room.look_again()
        assert (room.closed(), room.told) == (["2026-W46"], 1)
        assert list(room.store.open_weeks()) == [W47]


def test_a_new_week_opens_for_the_first_report_that_names_it(
    enter: Enter, now: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weeks_module, "TICK_SECONDS", 60.0)
    with enter() as room:
        assert room.open() == ["2026-W47"]
        now("2026-11-23T00:00:00Z")
        assert room.open() == ["2026-W48", "2026-W47"]


@pytest.mark.slow
def test_all_overdue_weeks_close_at_the_start(enter: Enter, now: Callable[[str], None]) -> None:
    now("2026-11-17T12:00:00Z")
    with enter() as room:
        assert room.told == 0
    now("2026-12-10T12:00:00Z")
    with enter() as room:
        assert room.closed() == ["2026-W47", "2026-W46"]
        assert room.open() == ["2026-W50"]
        assert room.told == 1
    with enter() as room:
        assert room.told == 0


def test_terms_stand_from_the_opening_whatever_is_configured_later(
    enter: Enter, now: Callable[[str], None]
) -> None:
    now("2026-11-19T12:00:00Z")
    with enter(Policy(5, TWO_DAYS)):
        pass
    now("2026-11-24T12:00:00Z")
    with enter(Policy(9, timedelta(hours=1))) as room:
        assert room.store.open_weeks() == {
            W47: Terms(5, W47.end + TWO_DAYS),
            W48: Terms(9, W48.end + timedelta(hours=1)),
        }
        assert room.open() == ["2026-W48", "2026-W47"]


def test_a_clock_that_goes_back_opens_nothing_that_was_closed(
    enter: Enter, now: Callable[[str], None]
) -> None:
    now("2026-11-17T12:00:00Z")
    with enter() as room:
        now("2026-11-18T12:00:00Z")
        room.weeks.advance()
        now("2026-11-17T12:00:00Z")
        room.weeks.advance()
        assert room.open() == ["2026-W47"]
        assert room.closed() == ["2026-W46"]
        now("2026-11-12T12:00:00Z")
        assert "2026-W46" not in room.open()
        now("2026-11-18T12:00:00Z")
        room.weeks.advance()
        assert room.open() == ["2026-W47"]
        assert (room.closed()[-1], W47 in room.store.open_weeks()) == ("2026-W46", True)


def test_the_open_weeks_follow_a_clock_that_goes_forth_and_back(
    enter: Enter, now: Callable[[str], None]
) -> None:
    now("2026-11-18T12:00:00Z")
    with enter(Policy(5, timedelta(days=3))) as room:
        assert room.open() == ["2026-W47", "2026-W46"]
        with held_up(room.writer):  # so that nothing is closed in between
            now("2026-11-19T00:00:00Z")
            assert room.open() == ["2026-W47"]
            now("2026-11-18T23:59:59Z")
            assert room.open() == ["2026-W47", "2026-W46"]
            now("2026-11-22T23:59:59Z")
            assert room.open() == ["2026-W47"]
        now("2026-11-23T00:00:00Z")
        assert room.open() == ["2026-W48", "2026-W47"]


@pytest.mark.slow
def test_a_close_that_fails_is_tried_again_until_it_succeeds(
    enter: Enter,
    now: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(weeks_module, "TICK_SECONDS", 0.02)
    now("2026-11-17T12:00:00Z")
    with enter() as room, caplog.at_level(logging.ERROR):
        room.sql(
            "CREATE TRIGGER full BEFORE UPDATE ON weeks BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        now("2026-11-18T00:00:00Z")
        until(lambda: "no room" in caplog.text)
        assert (room.closed(), room.open()) == ([], ["2026-W47"])
        assert "Traceback" not in caplog.text
        room.sql("DROP TRIGGER full")
        until(lambda: room.told)
        assert room.closed() == ["2026-W46"]


def test_a_close_that_could_not_be_told_is_told_later(
    enter: Enter, now: Callable[[str], None]
) -> None:
    now("2026-11-17T12:00:00Z")
    with enter() as room:
        room.fault = Unavailable("no room")
        now("2026-11-18T00:00:00Z")
        with pytest.raises(Unavailable):
            room.weeks.advance()
        assert (room.closed(), room.told) == (["2026-W46"], 0)
        room.fault = None
        room.weeks.advance()
        room.weeks.advance()
        assert room.told == 1


@pytest.mark.slow
def test_a_week_whose_key_cannot_be_written_is_unavailable_and_opens_later(
    enter: Enter,
    now: Callable[[str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weeks_module, "TICK_SECONDS", 0.02)
    with enter() as room:
        obstacle = tmp_path / "headcount.db.keys" / "2026-W48.key"
        obstacle.mkdir()
        now("2026-11-23T12:00:00Z")
        with pytest.raises(Unavailable, match="the week cannot be opened"):
            room.weeks.open()
        room.look_again()
        assert room.weeks.thread.is_alive()
        obstacle.rmdir()
        assert room.open() == ["2026-W48", "2026-W47"]


@pytest.mark.slow
def test_the_moment_is_judged_in_utc(enter: Enter, now: Callable[[str], None]) -> None:
    now("2026-11-16T00:30:00+01:00")
    assert datetime.fromisoformat("2026-11-16T00:30:00+01:00").isoweekday() == 1
    with enter() as room:
        assert room.open() == ["2026-W46"]
