"""The writer: the threads that change the store, in groups of reports; SQLite has one.

Reports that arrive during a commit form the next group. So one durable commit carries many
reports under load, and a lone report need not wait. After a large group the next one waits for
company while more comes, because callers with threads of their own come one by one. A store with
several lanes has one thread for each; the first lane's thread makes all other changes.

The writer also reads the reports of callers with threads of their own. In those threads, which
take turns at every step, reading takes about three times as long. If some take long, the ones
before are committed first.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from headcount_server.errors import Overloaded, ServerError, Unavailable
from headcount_server.store.contract import Entry, Store
from headcount_server.store.pending import Counted, LoopReport, Report, Task, finish

QUEUE_LIMIT = 4096
"""Most reports that may wait, an equal part in each lane; further callers are told to come back."""
GROUP_LIMIT = 512
"""Most reports in one commit."""
READ_SECONDS = 0.02
"""Seconds of reading after which what is read so far is committed."""
COMPANY = 8
"""Reports of threads in a group after which the next one waits for company. Callers on an event
loop need no wait: the loop passes on all that it has before it rests."""
COMPANY_SECONDS = 0.001
"""Seconds after which the writer looks whether more came; if none did, it waits no longer."""
COMPANY_LOOKS = 8
"""Most of these looks before one commit."""
ERASE_SECONDS = 2.0
"""Seconds that a commit may stay readable in the write-ahead log, and between two looks at
the store."""
ANSWER_SECONDS = 10.0
"""Seconds that a caller waits for its commit."""


class Meter(Protocol):
    """Receives what the writer does."""

    def committed(self, reports: int, seconds: float) -> None:
        """Record the commit of this many reports in this many seconds."""
        ...

    def erased(self, *, done: bool) -> None:
        """Record whether everything is wiped, or wiping must be tried again."""
        ...

    def writable(self, *, ok: bool) -> None:
        """Record whether the store can be written."""
        ...


_Report: TypeAlias = Report | LoopReport
_Queue: TypeAlias = queue.SimpleQueue[_Report | Task | None]


def _group(
    lane: _Queue, item: _Report | Task | None
) -> tuple[list[_Report], _Report | Task | None]:
    """Return the waiting reports from this one on, at most `GROUP_LIMIT`, and the item after them.

    If no item follows, the last report itself stands for it.
    """
    group: list[_Report] = []
    while item is not None and not isinstance(item, Task):
        group.append(item)
        if len(group) == GROUP_LIMIT:
            break
        try:
            item = lane.get_nowait()
        except queue.Empty:
            break
    return group, item


def _read(group: list[_Report]) -> tuple[dict[_Report, Entry], list[_Report]]:
    """Return the entries of a group, and the reports for which there was no time.

    Callers whose report cannot be read hear that at once.
    """
    entries: dict[_Report, Entry] = {}
    refused: list[_Report] = []
    until, rest = time.monotonic() + READ_SECONDS, []
    for place, report in enumerate(group):
        if time.monotonic() > until:
            rest = group[place:]
            break
        try:
            entries[report] = report.read()
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller waits for word
            report.error = error
            refused.append(report)
    finish(refused)
    return entries, rest


class Writer:
    """Makes all changes of a store, on one thread for each of its lanes."""

    def __init__(
        self, store: Store, meter: Meter, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._meter = meter
        self._pause = pause
        self._queues: list[_Queue] = [queue.SimpleQueue() for _ in range(store.lanes)]
        self._queue = self._queues[0]
        self._settling = threading.Lock()
        self._erase_at: float | None = 0.0
        self._writable = True
        self._tell: Callable[[bool, str], None] = lambda _ok, _why: None
        self._thread = threading.Thread(target=self._work, name="writer")
        self._further = [
            threading.Thread(target=self._run_lane, args=(lane,), name="lane")
            for lane in self._queues[1:]
        ]

    def watch(self, tell: Callable[[bool, str], None]) -> None:
        """Call `tell` when the store fails, with the reason, and when it is well again.

        The call may come from any thread.
        """
        self._tell = tell

    @property
    def threads(self) -> tuple[threading.Thread, ...]:
        """Return the threads, all of which must run."""
        return self._thread, *self._further

    def start(self) -> None:
        """Start to write."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Write the waiting reports, close the store and end."""
        for lane in self._queues[1:]:
            lane.put(None)
        for thread in self._further:
            _join(thread)
        self._queue.put(None)
        _join(self._thread)

    def waiting(self) -> int:
        """Return the number of reports that wait for a commit."""
        return sum(lane.qsize() for lane in self._queues)

    def count(self, token: bytes, read: Callable[[], Entry]) -> Counted:
        """Read and count the report of a token; return once that is durable.

        Raises what `read` raises, Overloaded if too many reports wait, and Unavailable if the
        store cannot be written or takes too long. After Unavailable the report may or may not be
        counted; sending it again is harmless.
        """
        report = Report(read)
        self._enqueue(token, report)
        if not report.wait(ANSWER_SECONDS) or report.counted is None:
            raise self._stands_still()
        return report.counted

    async def counted(self, entry: Entry, seconds: float) -> Counted:
        """Count a report on an event loop, which meanwhile does other work.

        Raises as `count` does, and TooLate after this many seconds, at most `ANSWER_SECONDS`.
        """
        report = LoopReport(entry)
        self._enqueue(entry.token, report)
        timer = report.loop.call_later(seconds, self._leave, report, ANSWER_SECONDS - seconds)
        try:
            return await report.future
        finally:
            timer.cancel()
            del report  # an error leads to this frame, and would keep the report in memory

    def _leave(self, report: LoopReport, seconds: float) -> None:
        """Let the caller of a report go, and see after these seconds whether it is counted."""
        report.leave()
        report.loop.call_later(seconds, lambda: report.settled or self._stands_still())

    def _enqueue(self, token: bytes, report: _Report) -> None:
        lane = self._queues[self._store.lane(token)]
        if lane.qsize() >= QUEUE_LIMIT // len(self._queues):
            msg = "too many reports are waiting; try again in some hours"
            raise Overloaded(msg)
        lane.put(report)

    def _stands_still(self) -> Unavailable:
        """Note that a commit hangs, which it cannot report itself; return the error to raise."""
        self._settle("a commit stands still")
        msg = "the report could not be written in time; send it again"
        return Unavailable(msg)

    def run(self, task: Callable[[], None]) -> None:
        """Run a task between two commits, and return or raise after it.

        Raises what the task raises, and Unavailable if the writer has stopped.
        """
        pending = Task(task)
        self._queue.put(pending)
        while not pending.wait(1.0):
            if not self._thread.is_alive():
                msg = "the server is stopping"
                raise Unavailable(msg)

    def _work(self) -> None:
        item: _Report | Task | None
        while True:
            try:
                item = self._queue.get(timeout=self._seconds_until_wipe())
            except queue.Empty:
                self._look_after()
                continue
            group, item = _group(self._queue, item)
            if group:
                self._take(self._queue, group)
            if isinstance(item, Task):
                self._run(item)
            elif item is None:
                self._store.close()
                return
            del group, item  # nothing of a report stays until the next one comes
            if self._seconds_until_wipe() == 0:
                self._look_after()

    def _run_lane(self, lane: _Queue) -> None:
        while True:
            group, item = _group(lane, lane.get())
            self._take(lane, group)
            if item is None:
                return
            del group, item  # nothing of a report stays until the next one comes

    def _take(self, lane: _Queue, group: list[_Report]) -> None:
        """Read and count a group, and wait for company."""
        unread = group
        while unread:
            entries, unread = _read(unread)
            if entries:
                self._commit(entries)
        if sum(isinstance(report, Report) for report in group) < COMPANY:
            return
        waiting = lane.qsize()
        for _ in range(COMPANY_LOOKS):
            self._pause(COMPANY_SECONDS)
            before, waiting = waiting, lane.qsize()
            if waiting == before:
                return

    def _commit(self, entries: Mapping[_Report, Entry]) -> None:
        began = time.monotonic()
        try:
            outcomes = self._store.count(list(entries.values()))
        except Unavailable as error:
            self._fail(entries, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, callers wait for word
            if len(entries) > 1:
                # One report may be the cause: the others need not share its error.
                for report, entry in entries.items():
                    self._commit({report: entry})
            else:
                self._fail(entries, error)
            return
        self._settle()
        self._note_change()
        self._meter.committed(len(entries), time.monotonic() - began)
        for (report, entry), outcome in zip(entries.items(), outcomes, strict=True):
            report.counted = Counted(entry, outcome)
        finish(entries)

    def _fail(self, reports: Iterable[_Report], error: Exception) -> None:
        for report in reports:
            report.error = error
        finish(reports)
        if isinstance(error, Unavailable) or not self._store.probe():
            self._settle(_told(error))

    def _run(self, task: Task) -> None:
        try:
            task.run()
        except Exception as error:  # noqa: BLE001 - raised again where the task came from
            task.error = error
            task.finish()
            self._settle("" if self._store.probe() else _told(error))
        else:
            task.finish()
        self._note_change()

    def _note_change(self) -> None:
        if self._erase_at is None:
            self._erase_at = time.monotonic() + ERASE_SECONDS

    def _seconds_until_wipe(self) -> float:
        if self._erase_at is None:
            # Nothing has to be wiped, but the store still needs a look.
            return ERASE_SECONDS
        return max(0.0, self._erase_at - time.monotonic())

    def _settle(self, trouble: str = "") -> None:
        if trouble:
            self._note_change()  # so the writer tries again even if no report comes
        with self._settling:
            ok = not trouble
            if ok is not self._writable:
                self._writable = ok
                self._meter.writable(ok=ok)
                self._tell(ok, trouble)

    def _look_after(self) -> None:
        try:
            self._store.check()
        except Unavailable as error:
            self._settle(_told(error))
        else:
            if not self._writable and self._store.probe():
                self._settle()
        if self._erase_at is not None:
            done = self._store.wipe_leftovers() and self._writable
            self._erase_at = None if done else time.monotonic() + ERASE_SECONDS
            self._meter.erased(done=done)


def _join(thread: threading.Thread) -> None:
    if thread.ident is not None:  # started
        thread.join()


def _told(error: Exception) -> str:
    """Return a failure in words for the operator, which never hold anybody's data."""
    if isinstance(error, Unavailable):
        return error.why or str(error)
    return str(error) if isinstance(error, ServerError) else type(error).__name__
