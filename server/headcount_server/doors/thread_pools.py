"""Pools of threads that all run from the start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from headcount_server.doors.status import fault


class Call:
    """A call that a pool makes: as much of a future as grpc asks of one."""

    __slots__ = ("_ended", "_given", "_then", "_work")

    def __init__(self, work: Callable[..., object], given: tuple[Any, ...]) -> None:
        self._work = work
        self._given = given
        self._ended = False
        self._then: list[Callable[[Call], object]] = []

    def add_done_callback(self, then: Callable[[Call], object]) -> None:
        """Call `then` when the call has ended, or now if it has."""
        self._then.append(then)
        if self._ended:
            self._tell()

    def make(self) -> None:
        """Make the call. What it raises is logged, since nobody waits for it."""
        try:
            self._work(*self._given)
        except Exception as error:  # noqa: BLE001 - the thread has more calls to make
            fault(error)
        self._ended = True
        self._tell()

    def _tell(self) -> None:
        """Tell each that waits for the end. Two threads may be here: each takes what it tells."""
        while self._then:
            try:
                then = self._then.pop()
            except IndexError:
                return
            then(self)


class FullPool:
    """A pool whose threads all run once it has started, for `grpc.server`.

    A pool of the standard library starts them one by one while calls come in. If a limit on
    processes or memory then keeps a thread from starting, that call ends the thread that
    serves all calls. It also counts its idle threads, under locks that busy ones wait for.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}_{number}")
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start all threads. Raises RuntimeError if one cannot be started."""
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[..., object], *given: Any) -> Call:
        """Call a function with what is given, on the next idle thread."""
        call = Call(work, given)
        self._calls.put(call)
        return call

    def stop(self) -> None:
        """Let each thread end when all calls before are made; return at once."""
        for _ in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        while self._make_next():
            pass

    def _make_next(self) -> bool:
        """Make the next call and forget it; return whether there was one."""
        call = self._calls.get()
        if call is not None:
            call.make()
        return call is not None
