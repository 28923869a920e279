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

from headcount_server.errors import TooLate
from headcount_server.store.contract import Entry, Outcome


class Pending:
    """A piece of work for the writer, and a thread that waits for it."""

    __slots__ = ("_done", "_error")

    def __init__(self) -> None:
        # A bare lock, because a Future would cost more than all else that a report needs here.
        self._done = threading.Lock()
        self._done.acquire()
        self._error: Exception | None = None

    def finish(self, error: Exception | None = None) -> None:
        """Let the caller go on, or raise the error there."""
        self._error = error
        self._done.release()

    def wait(self, seconds: float) -> bool:
        """Return whether the work is done within this many seconds; raise the error of `finish`."""
        done = self._done.acquire(timeout=seconds)
        if done and self._error is not None:
            raise self._error
        return done


class Task(Pending):
    """A task that runs between two commits."""

    __slots__ = ("run",)

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__()
        self.run = run


class Report(Pending):
    """A report that is to be counted."""

    __slots__ = ("entry", "outcome")

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry
        self.outcome = Outcome.CLOSED


class LoopReport:
    """A report that is to be counted, and the event loop on which its caller waits."""

    __slots__ = ("entry", "error", "future", "loop", "outcome", "settled")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.outcome = Outcome.CLOSED
        self.error: Exception | None = None
        self.settled = False
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Outcome] = self.loop.create_future()

    def settle(self) -> None:
        """Let the caller go on, or raise the error there; on its loop."""
        self.settled = True
        if self.future.done():  # the caller has left
            return
        if self.error is None:
            self.future.set_result(self.outcome)
        else:
            self.future.set_exception(self.error)

    def leave(self) -> None:
        """Raise TooLate at the caller, unless it has its answer; on its loop."""
        if not self.future.done():
            self.future.set_exception(TooLate("the answer took too long; send the same again"))


def finish(reports: Iterable[Report | LoopReport], error: Exception | None = None) -> None:
    """Let the callers of these reports go on, or raise the error there."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[LoopReport]] = defaultdict(list)
    for report in reports:
        if isinstance(report, Report):
            report.finish(error)
        else:
            report.error = error
            loops[report.loop].append(report)
    for loop, own in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and its callers with it
            loop.call_soon_threadsafe(_settle, own)


def _settle(reports: Iterable[LoopReport]) -> None:
    for report in reports:
        report.settle()
