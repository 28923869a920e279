"""One thread writes, in groups; callers hear of their report once it is durable."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from headcount_server.counting import answers
from headcount_server.errors import InvalidReport, Overloaded, TooLate, Unavailable
from headcount_server.metrics.counters import Counters
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import writer as writer_module
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.store.writer import COMPANY, COMPANY_LOOKS, COMPANY_SECONDS, Writer
from headcount_server.week import Week
from support.waiting import until

W47 = Week(2026, 47)

Count = Callable[[Entry], Outcome]


class GatedStore(SqliteStore):
    """The real store with a gate before each commit, and a record of the groups."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate = threading.Event()
        self.arrived = threading.Event()
        self.gate.set()
        self.groups: list[int] = []
        self.erasures: list[int] = []
        self.fault: Exception | None = None

    def wipe_leftovers(self) -> bool:
        self.erasures.append(len(self.groups))
        return super().wipe_leftovers()

    def count(self, entries: Sequence[Entry]) -> list[Outcome]:
        self.groups.append(len(entries))
        self.arrived.set()
        assert self.gate.wait(10)
        if self.fault is not None:
            raise self.fault
        return super().count(entries)


@pytest.fixture(name="store")
def _store(tmp_path: Path, toy_schema: Schema) -> GatedStore:
    store = GatedStore(tmp_path / "headcount.db")
    store.open_week(W47, Terms(5, W47.end + timedelta(days=2)), toy_schema)
    return store


@pytest.fixture(name="meter")
def _meter() -> Counters:
    return Counters()


@pytest.fixture(name="pauses")
def _pauses() -> list[float]:
    """The seconds of each wait for company, which in these tests takes no time."""
    return []


@pytest.fixture(name="writer")
def _writer(store: GatedStore, meter: Counters, pauses: list[float]) -> Iterator[Writer]:
    writer = Writer(store, meter, pauses.append)
    writer.start()
    yield writer
    store.gate.set()
    if writer._thread.is_alive():
        writer.stop()


@pytest.fixture(name="pool")
def _pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


@pytest.fixture(name="entry")
def _entry(toy: Project, said: Callable[..., bytes]) -> Callable[[int], Entry]:
    read = answers.read(toy, said(multisite={"value": True}), date(2026, 11, 19))
    return lambda number: Entry(W47, toy, number.to_bytes(16), read)


@pytest.fixture(name="loop")
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    if thread.is_alive():
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
    loop.close()


@pytest.fixture(name="count", params=["thread", "loop"])
def _count(
    request: pytest.FixtureRequest, writer: Writer, loop: asyncio.AbstractEventLoop
) -> Count:
    """Counts a report: for a caller with a thread, and for one on an event loop."""
    return _on_thread(writer) if request.param == "thread" else _on_loop(writer, loop)


def _on_thread(writer: Writer) -> Count:
    return lambda entry: writer.count(entry.token, lambda: entry).outcome


async def _counted(writer: Writer, entry: Entry, seconds: float = 10) -> Outcome:
    return (await writer.counted(entry, seconds)).outcome


def _on_loop(writer: Writer, loop: asyncio.AbstractEventLoop) -> Count:
    def count(entry: Entry) -> Outcome:
        counted = _counted(writer, entry, writer_module.ANSWER_SECONDS)
        return asyncio.run_coroutine_threadsafe(counted, loop).result()

    return count


def _fill(  # noqa: PLR0913 - fixtures
    pool: ThreadPoolExecutor,
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    waiting: int,
    count: Count | None = None,
) -> list[Future[Outcome]]:
    """Stop the writer within a commit of one report while others wait."""
    count = count or _on_thread(writer)
    store.gate.clear()
    store.arrived.clear()
    held = [pool.submit(count, entry(0))]
    assert store.arrived.wait(10)
    held += [pool.submit(count, entry(n)) for n in range(1, waiting + 1)]
    until(lambda: writer.waiting() == waiting)
    return held


def _reports(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        total: int = reader.execute("SELECT sum(reports) FROM open_reports").fetchone()[0]
        return total


def test_a_report_is_in_the_file_when_its_caller_hears_of_it(
    store: GatedStore, entry: Callable[[int], Entry], count: Count
) -> None:
    assert count(entry(1)) is Outcome.COUNTED
    assert _reports(store._path) == 1
    assert count(entry(1)) is Outcome.DUPLICATE
    assert _reports(store._path) == 1


@pytest.mark.slow
def test_reports_that_arrive_during_a_commit_share_the_next_one(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    meter: Counters,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    count: Count,
) -> None:
    held = _fill(pool, writer, store, entry, 9, count)
    store.gate.set()
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    assert store.groups == [1, 9]
    assert meter.registry.get_sample_value("headcount_server_commit_reports_count") == 2
    assert meter.registry.get_sample_value("headcount_server_commit_reports_sum") == 10


@pytest.mark.parametrize(("waiting", "waits"), [(COMPANY - 1, 0), (COMPANY, 1)])
def test_after_many_callers_with_threads_the_writer_waits_a_moment_for_company(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    pauses: list[float],
    waiting: int,
    waits: int,
) -> None:
    held = _fill(pool, writer, store, entry, waiting)
    store.gate.set()
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    writer.stop()
    assert store.groups == [1, waiting]
    assert pauses == [COMPANY_SECONDS] * waits


@pytest.mark.parametrize(("coming", "waits"), [(0, 1), (3, 4), (COMPANY_LOOKS, COMPANY_LOOKS + 1)])
def test_it_waits_on_while_more_comes_but_not_for_ever(  # noqa: PLR0913 - fixtures
    store: GatedStore,
    meter: Counters,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    coming: int,
    waits: int,
) -> None:
    """In each of the first pauses one report comes; if they make a large group, it waits again."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) <= coming:
            waiting = writer.waiting()
            more.append(pool.submit(_on_thread(writer), entry(100 + len(pauses))))
            until(lambda: writer.waiting() > waiting)

    writer, more = Writer(store, meter, pause), list[Future[Outcome]]()
    writer.start()
    held = _fill(pool, writer, store, entry, COMPANY)
    store.gate.set()
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    until(lambda: len(more) == coming)
    assert {future.result(10) for future in more} <= {Outcome.COUNTED}
    writer.stop()
    assert pauses == [COMPANY_SECONDS] * waits
    assert store.groups == [1, COMPANY, *([coming] if coming else [])]


def test_a_report_is_read_by_the_thread_that_writes_it(
    writer: Writer, entry: Callable[[int], Entry]
) -> None:
    reading: list[threading.Thread] = []

    def read() -> Entry:
        reading.append(threading.current_thread())
        return entry(1)

    assert writer.count(entry(1).token, read) == (entry(1), Outcome.COUNTED)
    assert reading == [writer.threads[0]]


@pytest.mark.parametrize("fault", [InvalidReport(), RuntimeError("a fault of ours")])
def test_of_a_group_only_the_callers_of_unreadable_reports_are_refused(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    meter: Counters,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    fault: Exception,
) -> None:
    def unreadable() -> Entry:
        raise fault

    held = _fill(pool, writer, store, entry, 2)
    refused = [pool.submit(writer.count, bytes(16), unreadable) for _ in range(2)]
    until(lambda: writer.waiting() == 4)
    store.gate.set()
    assert [future.exception(10) for future in refused] == [fault, fault]
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    assert store.groups == [1, 2]
    assert meter.registry.get_sample_value("headcount_server_commit_reports_sum") == 3


def test_reports_before_one_that_takes_long_to_read_are_committed_first(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
) -> None:
    monkeypatch.setattr(writer_module, "READ_SECONDS", 0.5)
    heard, waited = threading.Event(), list[bool]()

    def slow() -> Entry:
        if not waited:
            time.sleep(0.6)
        waited.append(True)
        return entry(9)

    def last() -> Entry:
        """Its caller waits for the group before, which must not wait for it."""
        waited.append(heard.wait(10))
        return entry(10)

    held = _fill(pool, writer, store, entry, 2)
    held.append(pool.submit(lambda: writer.count(entry(9).token, slow).outcome))
    until(lambda: writer.waiting() == 3)
    before = list(held)
    held.append(pool.submit(lambda: writer.count(entry(10).token, last).outcome))
    until(lambda: writer.waiting() == 4)
    store.gate.set()
    assert {future.result(10) for future in before} == {Outcome.COUNTED}
    heard.set()
    assert held[-1].result(10) is Outcome.COUNTED
    assert waited == [True, True]
    assert store.groups == [1, 3, 1]


@pytest.mark.usefixtures("uncollected")
def test_nothing_of_a_report_stays_in_memory_whether_it_was_counted_or_refused(
    writer: Writer, store: GatedStore, entry: Callable[[int], Entry], pool: ThreadPoolExecutor
) -> None:
    """No collector of garbage has to find it."""

    class Read:
        """Reads a report; one of two cannot be read."""

        def __init__(self, number: int) -> None:
            self._number = number

        def __call__(self) -> Entry:
            if self._number % 2:
                raise InvalidReport
            return entry(self._number)

    def send(number: int) -> None:
        read = Read(number)
        kept.append(weakref.ref(read))
        with suppress(InvalidReport):
            writer.count(entry(number).token, read)

    kept: list[weakref.ref[Read]] = []
    held = _fill(pool, writer, store, entry, 0)
    sending = [pool.submit(send, number) for number in range(1, 9)]
    until(lambda: writer.waiting() == 8)
    store.gate.set()
    assert held[0].result(10) is Outcome.COUNTED
    assert [future.result(10) for future in sending] == [None] * 8
    until(lambda: [read() for read in kept] == [None] * 8)


@pytest.fixture(name="uncollected")
def _uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_nothing_is_committed_if_no_report_of_a_group_can_be_read(
    writer: Writer, store: GatedStore
) -> None:
    def unreadable() -> Entry:
        raise InvalidReport

    with pytest.raises(InvalidReport):
        writer.count(bytes(16), unreadable)
    assert store.groups == []


def test_the_writer_waits_for_no_company_of_callers_on_an_event_loop(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    pauses: list[float],
    loop: asyncio.AbstractEventLoop,
) -> None:
    held = _fill(pool, writer, store, entry, COMPANY, _on_loop(writer, loop))
    store.gate.set()
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    writer.stop()
    assert store.groups == [1, COMPANY]
    assert pauses == []


@pytest.mark.slow
def test_a_commit_that_does_not_end_is_told_until_it_does(  # noqa: PLR0913 - fixtures
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    store: GatedStore,
    pool: ThreadPoolExecutor,
    entry: Callable[[int], Entry],
    count: Count,
) -> None:
    told: list[bool] = []
    writer.watch(lambda ok, _why: told.append(ok))
    monkeypatch.setattr(writer_module, "ANSWER_SECONDS", 0.05)
    (held,) = _fill(pool, writer, store, entry, 0, count)
    with pytest.raises((Unavailable, TooLate)):
        held.result(10)
    until(lambda: told == [False])
    store.gate.set()
    until(lambda: told == [False, True])


class LanedStore(GatedStore):
    """The same with two lanes, by the last bit of a token."""

    lanes = 2

    def lane(self, token: bytes) -> int:
        return token[-1] & 1


@pytest.mark.slow
def test_the_bound_on_what_waits_is_that_of_all_lanes_together(  # noqa: PLR0913 - fixtures
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    toy_schema: Schema,
    meter: Counters,
    pool: ThreadPoolExecutor,
    entry: Callable[[int], Entry],
) -> None:
    monkeypatch.setattr(writer_module, "QUEUE_LIMIT", 4)
    store = LanedStore(tmp_path / "laned.db")
    store.open_week(W47, Terms(5, W47.end + timedelta(days=2)), toy_schema)
    writer = Writer(store, meter)  # not started, so that all of them wait
    held = [pool.submit(_on_thread(writer), entry(n)) for n in range(4)]
    until(lambda: writer.waiting() == 4)
    for number in (4, 5):
        with pytest.raises(Overloaded):
            _on_thread(writer)(entry(number))
    monkeypatch.undo()
    # SQLite has one connection: the lanes are emptied one after the other.
    for lane in writer._queues:
        writer._take(lane, writer_module._group(lane, lane.get())[0])
    assert [future.result(10) for future in held] == [Outcome.COUNTED] * 4
    store.close()


@pytest.mark.slow
def test_a_group_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
) -> None:
    monkeypatch.setattr(writer_module, "GROUP_LIMIT", 4)
    held = _fill(pool, writer, store, entry, 9)
    store.gate.set()
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    assert store.groups == [1, 4, 4, 1]


@pytest.mark.slow
def test_each_caller_of_a_group_hears_its_own_outcome(
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    count: Count,
) -> None:
    count(entry(2))
    held = _fill(pool, writer, store, entry, 3, count)
    store.gate.set()
    expected = [Outcome.COUNTED, Outcome.COUNTED, Outcome.DUPLICATE, Outcome.COUNTED]
    assert [future.result(10) for future in held] == expected


@pytest.mark.slow
def test_past_the_bound_callers_are_refused_at_once_and_the_waiting_are_served(
    monkeypatch: pytest.MonkeyPatch,
    store: GatedStore,
    meter: Counters,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
) -> None:
    monkeypatch.setattr(writer_module, "QUEUE_LIMIT", 2)
    writer = Writer(store, meter)
    writer.start()
    held = _fill(pool, writer, store, entry, 2)
    with pytest.raises(Overloaded):
        _on_thread(writer)(entry(9))
    store.gate.set()
    assert [future.result(10) for future in held] == [Outcome.COUNTED] * 3
    assert _on_thread(writer)(entry(9)) is Outcome.COUNTED
    writer.stop()


def test_a_caller_does_not_wait_for_ever_and_a_retry_is_harmless(
    monkeypatch: pytest.MonkeyPatch, store: GatedStore, entry: Callable[[int], Entry], count: Count
) -> None:
    monkeypatch.setattr(writer_module, "ANSWER_SECONDS", 0.05)
    store.gate.clear()
    with pytest.raises((Unavailable, TooLate)):
        count(entry(1))
    store.gate.set()
    monkeypatch.undo()
    assert count(entry(1)) is Outcome.DUPLICATE
    assert _reports(store._path) == 1


def test_stopping_writes_what_is_waiting_and_frees_the_database(
    writer: Writer, store: GatedStore, entry: Callable[[int], Entry], pool: ThreadPoolExecutor
) -> None:
    held = _fill(pool, writer, store, entry, 5)
    stopping = pool.submit(writer.stop)
    until(lambda: writer.waiting() == 6)
    store.gate.set()
    stopping.result(10)
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    assert not store._path.with_name("headcount.db-wal").exists()
    again = SqliteStore(store._path)
    assert again.count([entry(n) for n in range(6)]) == [Outcome.DUPLICATE] * 6
    again.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Unavailable("no room"), RuntimeError("a fault of ours")])
def test_every_caller_hears_of_a_failed_commit_and_the_next_one_works(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    fault: Exception,
    count: Count,
) -> None:
    held = _fill(pool, writer, store, entry, 3, count)
    store.fault = fault
    store.gate.set()
    assert [future.exception(10) for future in held] == [fault] * 4
    store.fault = None
    assert count(entry(1)) is Outcome.COUNTED
    assert _reports(store._path) == 1


def test_a_task_runs_on_the_writers_thread_between_two_commits(
    writer: Writer, store: GatedStore, entry: Callable[[int], Entry], pool: ThreadPoolExecutor
) -> None:
    held = _fill(pool, writer, store, entry, 1)
    seen: list[tuple[str, int]] = []

    def task() -> None:
        seen.append((threading.current_thread().name, _reports(store._path)))

    running = pool.submit(writer.run, task)
    until(lambda: writer.waiting() == 2)
    held.append(pool.submit(_on_thread(writer), entry(5)))
    until(lambda: writer.waiting() == 3)
    store.gate.set()
    running.result(10)
    assert seen == [("writer", 2)]
    assert [future.result(10) for future in held] == [Outcome.COUNTED] * 3
    assert store.groups == [1, 1, 1]


def test_a_task_that_fails_is_raised_where_it_came_from(
    writer: Writer, entry: Callable[[int], Entry]
) -> None:
    def task() -> None:
        raise sqlite3.OperationalError("no room")

    with pytest.raises(sqlite3.OperationalError, match="no room"):
        writer.run(task)
    assert _on_thread(writer)(entry(1)) is Outcome.COUNTED


@pytest.mark.slow
def test_a_task_for_a_stopped_writer_is_refused_and_waits_for_nobody(writer: Writer) -> None:
    writer.stop()
    with pytest.raises(Unavailable):
        writer.run(lambda: None)


@pytest.mark.slow
def test_the_log_is_emptied_seconds_after_a_report_also_while_others_keep_coming(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    store: GatedStore,
    meter: Counters,
    entry: Callable[[int], Entry],
) -> None:
    assert writer_module.ERASE_SECONDS <= 5
    monkeypatch.setattr(writer_module, "ERASE_SECONDS", 0.2)
    wal = store._path.with_name("headcount.db-wal")
    _on_thread(writer)(entry(0))
    until(lambda: wal.stat().st_size == 0)
    sizes: list[int] = []

    def emptied_twice() -> bool:
        _on_thread(writer)(entry(len(sizes) + 1))
        sizes.append(wal.stat().st_size)
        return sum(later < earlier for earlier, later in pairwise(sizes)) == 2

    until(emptied_twice, told="its end is put off with each report")
    until(lambda: wal.stat().st_size == 0)
    until(lambda: meter.registry.get_sample_value("headcount_server_erased") == 1)


@pytest.mark.slow
def test_the_log_is_emptied_also_while_the_queue_never_is(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
) -> None:
    monkeypatch.setattr(writer_module, "ERASE_SECONDS", 0.0)
    monkeypatch.setattr(writer_module, "GROUP_LIMIT", 1)
    held = _fill(pool, writer, store, entry, 6)
    before = len(store.erasures)
    store.gate.set()
    assert {future.result(10) for future in held} == {Outcome.COUNTED}
    until(lambda: len(store.erasures) >= before + 7)
    assert store.erasures[before : before + 7] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.slow
def test_an_erasure_that_a_reader_prevents_is_tried_again_and_shown_as_pending(
    monkeypatch: pytest.MonkeyPatch,
    writer: Writer,
    store: GatedStore,
    meter: Counters,
    entry: Callable[[int], Entry],
) -> None:
    monkeypatch.setattr(writer_module, "ERASE_SECONDS", 0.05)

    def erased() -> bool:
        return meter.registry.get_sample_value("headcount_server_erased") == 1

    _on_thread(writer)(entry(1))
    until(erased)
    with closing(sqlite3.connect(f"{store._path.as_uri()}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM weeks").fetchone()
        assert _on_thread(writer)(entry(2)) is Outcome.COUNTED
        until(lambda: not erased())
    until(erased)


@pytest.mark.slow
def test_of_a_group_that_fails_for_one_reports_sake_the_others_are_counted(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    pool: ThreadPoolExecutor,
    entry: Callable[[int], Entry],
    monkeypatch: pytest.MonkeyPatch,
    count: Count,
) -> None:
    """A text that the database cannot hold, say."""
    real = store.count

    def fail_for_one(entries: Sequence[Entry]) -> list[Outcome]:
        if any(found.token == entry(3).token for found in entries):
            raise ValueError
        return real(entries)

    told: list[bool] = []
    writer.watch(lambda ok, _why: told.append(ok))
    held = _fill(pool, writer, store, entry, 9, count)
    monkeypatch.setattr(store, "count", fail_for_one)
    store.gate.set()
    errors = [future.exception(10) for future in held]
    assert [type(error) for error in errors if error is not None] == [ValueError]
    assert told == []


def test_an_event_loop_is_woken_once_for_all_reports_of_a_commit(  # noqa: PLR0913 - fixtures
    writer: Writer,
    store: GatedStore,
    entry: Callable[[int], Entry],
    pool: ThreadPoolExecutor,
    loop: asyncio.AbstractEventLoop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = _fill(pool, writer, store, entry, 0)
    counted = [
        asyncio.run_coroutine_threadsafe(_counted(writer, entry(n)), loop) for n in range(1, 10)
    ]
    until(lambda: writer.waiting() == 9)
    woken: list[object] = []
    wake = loop.call_soon_threadsafe

    def waking(*arguments: Any, **named: Any) -> asyncio.Handle:
        woken.append(arguments[0])
        return wake(*arguments, **named)

    monkeypatch.setattr(loop, "call_soon_threadsafe", waking)
    store.gate.set()
    assert {future.result(10) for future in (*held, *counted)} == {Outcome.COUNTED}
    assert len(woken) == 1


def test_reports_whose_event_loop_has_ended_are_counted_all_the_same(
    writer: Writer, store: GatedStore, entry: Callable[[int], Entry], pool: ThreadPoolExecutor
) -> None:
    (held,) = _fill(pool, writer, store, entry, 0)

    async def leave() -> None:
        waiting = asyncio.ensure_future(_counted(writer, entry(1)))
        await asyncio.sleep(0)  # until it is queued
        assert not waiting.done()

    asyncio.run(leave())
    store.gate.set()
    assert held.result(10) is Outcome.COUNTED
    assert _on_thread(writer)(entry(2)) is Outcome.COUNTED
    assert _reports(store._path) == 3
