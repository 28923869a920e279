"""The pool that grpc calls from: all its threads run, and none is lost to a call that fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from headcount_server.doors.thread_pools import FullPool

THREADS = 3


@pytest.fixture(name="pool")
def _pool() -> Iterator[FullPool]:
    pool = FullPool(THREADS, "pool")
    pool.start()
    yield pool
    pool.stop()
    for thread in pool._threads:
        thread.join()


def test_as_many_calls_as_there_are_threads_are_made_at_once(pool: FullPool) -> None:
    together = threading.Barrier(THREADS + 1)
    for _ in range(THREADS):
        pool.submit(together.wait)
    together.wait(10)


def test_further_calls_wait_for_a_thread_in_the_order_in_which_they_came(pool: FullPool) -> None:
    free, made, ended = threading.Event(), list[int](), threading.Event()
    for _ in range(THREADS - 1):
        pool.submit(ended.wait)
    pool.submit(free.wait)
    for number in range(5):
        pool.submit(made.append, number)
    pool.submit(ended.set)
    assert not made
    free.set()
    assert ended.wait(10)
    assert made == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("fails", [False, True])
def test_who_asks_hears_of_the_end_of_a_call_before_and_after_it(
    pool: FullPool, caplog: pytest.LogCaptureFixture, *, fails: bool
) -> None:
    caplog.set_level(logging.CRITICAL)
    free, before, after = threading.Event(), threading.Event(), list[object]()

    def work() -> None:
        free.wait()
        if fails:
            raise ValueError

    call = pool.submit(work)
    call.add_done_callback(lambda _call: before.set())
    assert not before.is_set()
    free.set()
    assert before.wait(10)
    call.add_done_callback(after.append)
    assert after == [call]


def test_calls_that_fail_end_no_thread_and_are_logged_without_what_they_said(
    pool: FullPool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        msg = "what a caller sent"
        raise ValueError(msg)

    for _ in range(2 * THREADS):
        pool.submit(fail)
    together = threading.Barrier(THREADS + 1)
    for _ in range(THREADS):
        pool.submit(together.wait)
    together.wait(10)
    assert caplog.text.count("a call failed: ValueError") == 2 * THREADS
    assert "what a caller sent" not in caplog.text


def test_a_pool_that_stops_makes_the_calls_that_came_before(pool: FullPool) -> None:
    free, made = threading.Event(), list[int]()
    for _ in range(THREADS):
        pool.submit(free.wait)
    pool.submit(made.append, 1)
    pool.stop()
    free.set()
    for thread in pool._threads:
        thread.join(10)
    assert made == [1]


def test_a_pool_that_has_not_started_has_no_threads() -> None:
    pool = FullPool(THREADS, "idle")
    assert not any(thread.is_alive() for thread in pool._threads)
    pool.stop()
