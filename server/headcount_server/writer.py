"""The writer: the one thread that changes the store, in groups.

Reports that arrive while a group is being committed form the next one, so
that one durable commit carries many of them under load and a lone report
waits for nobody.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from headcount_server.errors import Overloaded, Unavailable
from headcount_server.store import Entry, Outcome, Store

QUEUE_LIMIT = 4096
"""Reports that may wait; past it callers are told to come back."""
GROUP_LIMIT = 512
"""Largest number of reports in one commit."""
ERASE_SECONDS = 2.0
"""How long a commit may stay readable in the write-ahead log."""
ANSWER_SECONDS = 10.0
"""How long a caller waits for its commit."""


class Meter(Protocol):
    """Hears of what the writer does."""

    def committed(self, reports: int, seconds: float) -> None:
        """A group of so many reports was committed in so many seconds."""
        ...

    def erased(self, *, done: bool) -> None:
        """What was left behind is wiped, or has to be tried again."""
        ...


@dataclass(frozen=True, slots=True)
class _Report:
    entry: Entry
    outcome: Future[Outcome] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Task:
    run: Callable[[], None]
    done: Future[None] = field(default_factory=Future)


class Writer:
    """Runs everything that changes a store on a thread of its own."""

    def __init__(self, store: Store, meter: Meter) -> None:
        self._store = store
        self._meter = meter
        self._queue: queue.Queue[_Report | _Task | None] = queue.Queue(QUEUE_LIMIT)
        self._erase_at: float | None = 0.0
        self._thread = threading.Thread(target=self._work, name="writer")

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is waiting, shut the store and end."""
        self._queue.put(None)
        self._thread.join()

    def waiting(self) -> int:
        """Number of reports that wait for a commit."""
        return self._queue.qsize()

    def count(self, entry: Entry) -> Outcome:
        """Count a report; returns once that is durable.

        Raises Overloaded where too many wait, Unavailable where the store
        cannot be written or takes too long. After Unavailable the report may
        be counted or not; sending it again is harmless.
        """
        report = _Report(entry)
        try:
            self._queue.put_nowait(report)
        except queue.Full:
            msg = "too many reports are waiting; try again in some hours"
            raise Overloaded(msg) from None
        try:
            return report.outcome.result(ANSWER_SECONDS)
        except TimeoutError:
            msg = "the report could not be written in time; send it again"
            raise Unavailable(msg) from None

    def run(self, task: Callable[[], None]) -> None:
        """Run a task between two commits; returns, or raises what it raised, after it.

        Raises Unavailable where the writer has stopped.
        """
        pending = _Task(task)
        self._queue.put(pending)
        while not wait([pending.done], timeout=1.0).done:
            if not self._thread.is_alive():
                msg = "the server is stopping"
                raise Unavailable(msg)
        pending.done.result()

    def _work(self) -> None:
        item: _Report | _Task | None
        while True:
            try:
                item = self._queue.get(timeout=self._patience())
            except queue.Empty:
                self._erase()
                continue
            group: list[_Report] = []
            while isinstance(item, _Report):
                group.append(item)
                if len(group) == GROUP_LIMIT:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            if group:
                self._commit(group)
            if isinstance(item, _Task):
                self._run(item)
            elif item is None:
                self._store.shut()
                return
            if self._patience() == 0:
                self._erase()

    def _commit(self, group: list[_Report]) -> None:
        began = time.monotonic()
        try:
            outcomes = self._store.count([report.entry for report in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, callers wait for word
            for report in group:
                report.outcome.set_exception(error)
            return
        self._note_change()
        self._meter.committed(len(group), time.monotonic() - began)
        for report, outcome in zip(group, outcomes, strict=True):
            report.outcome.set_result(outcome)

    def _run(self, task: _Task) -> None:
        try:
            task.run()
        except Exception as error:  # noqa: BLE001 - raised again where the task came from
            task.done.set_exception(error)
        else:
            task.done.set_result(None)
        self._note_change()

    def _note_change(self) -> None:
        if self._erase_at is None:
            self._erase_at = time.monotonic() + ERASE_SECONDS

    def _patience(self) -> float | None:
        if self._erase_at is None:
            return None
        return max(0.0, self._erase_at - time.monotonic())

    def _erase(self) -> None:
        done = self._store.erase()
        self._erase_at = None if done else time.monotonic() + ERASE_SECONDS
        self._meter.erased(done=done)
