"""Work that waits for the writer, and how its caller hears of the end.

A caller with a thread of its own waits for a lock. Callers on an event loop wait for futures,
and the loop is woken once for all reports of a commit.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

from headcount_server.errors import TooLate
from headcount_server.store.contract import Entry, Outcome


class Counted(NamedTuple):
    """A report that the store has taken."""

    entry: Entry
    outcome: Outcome


class Pending:
    """A piece of work for the writer, and a thread that waits for it."""

    __slots__ = ("_done", "error")

    def __init__(self) -> None:
        # A bare lock, because a Future would cost more than all else that a report needs here.
        self._done = threading.Lock()
        self._done.acquire()
        self.error: Exception | None = None

    def finish(self) -> None:
        """Let the caller go on, or raise the error there."""
        self._done.release()

    def wait(self, seconds: float) -> bool:
        """Return whether the work is done within this many seconds, or raise its error."""
        done = self._done.acquire(timeout=seconds)
        if done and self.error is not None:
            try:
                raise self.error
            finally:
                self.error = None  # it leads to this frame, and would keep the report in memory
        return done


class Task(Pending):
    """A task that runs between two commits."""

    __slots__ = ("run",)

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__()
        self.run = run


class Report(Pending):
    """A report that the writer is to read and count."""

    __slots__ = ("counted", "read")

    def __init__(self, read: Callable[[], Entry]) -> None:
        super().__init__()
        self.read = read
        self.counted: Counted | None = None


class LoopReport:
    """A report that is to be counted, and the event loop on which its caller waits."""

    __slots__ = ("_entry", "counted", "error", "future", "loop", "settled")

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.counted: Counted | None = None
        self.error: Exception | None = None
        self.settled = False
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Counted] = self.loop.create_future()

    def read(self) -> Entry:
        """Return what its caller has read."""
        return self._entry

    def settle(self) -> None:
        """Let the caller go on, or raise the error there; on its loop."""
        self.settled = True
        if self.future.done():  # the caller has left
            return
        if self.counted is not None:
            self.future.set_result(self.counted)
        elif self.error is not None:
            self.future.set_exception(self.error)

    def leave(self) -> None:
        """Raise TooLate at the caller, unless it has its answer; on its loop."""
        if not self.future.done():
            self.future.set_exception(TooLate("the answer took too long; send the same again"))


def finish(reports: Iterable[Report | LoopReport]) -> None:
    """Let the callers of these reports go on, or raise the errors there."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[LoopReport]] = defaultdict(list)
    for report in reports:
        if isinstance(report, LoopReport):
            loops[report.loop].append(report)
        else:
            report.finish()
    for loop, own in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and its callers with it
            loop.call_soon_threadsafe(_settle, own)


def _settle(reports: Iterable[LoopReport]) -> None:
    for report in reports:
        report.settle()
