"""Servers that kill themselves at a chosen step of the close, for `test_close_crash`.

Reads one job per line, `REGISTRY DATABASE CLOCK STEP BYTES`, forks a whole
server on it that starts, closes what is overdue, stops and ends; answers with
how it ended (a signal's number below zero) and how many steps it took. The
server is killed by SIGKILL at step STEP (0: never), or by SIGXFSZ as soon as
it writes past BYTES of any file (0: never), in the middle of that write.

A step is the beginning of a statement of the writer, some hundred operations
of SQLite's within one, and the beginning and end of every function that the
close consists of, down to `fsync` and `unlink`.
"""

from __future__ import annotations

import functools
import os
import resource
import signal
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.store.sqlite import store as sqlite_store
from headcount_server.store.sqlite.claim import Claim
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.store.sqlite.week_key_files import WeekKeys

OPERATIONS = 500


class Steps:
    """Counts what the writer does, and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self.taken = 0
        self._last = last

    def take(self, *_: object) -> None:
        if threading.current_thread().name != "writer":
            return
        self.taken += 1
        if self.taken == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, place: Any, name: str) -> None:  # noqa: ANN401 - a module or a class
        function: Callable[..., object] = getattr(place, name)

        @functools.wraps(function)
        def counted(*arguments: Any, **named: Any) -> object:
            self.take()
            try:
                return function(*arguments, **named)
            finally:
                self.take()

        setattr(place, name, counted)

    def within(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.set_trace_callback(self.take)
        connection.set_progress_handler(self.take, OPERATIONS)
        return connection


def serve(registry: Path, database: Path, clock: Path, steps: Steps, most: int) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    sqlite3.connect = lambda *a, **k: steps.within(connect(*a, **k))  # type: ignore[assignment]
    for place, names in (
        (SqliteStore, ("close_week", "wipe_leftovers", "open_week", "published")),
        (sqlite_store, ("publish", "drop_week")),
        (WeekKeys, ("destroy_all_but", "create")),
        (Path, ("unlink", "open")),
        (Path, ("rename",)),
        (os, ("fsync", "open", "write", "pwrite")),
    ):
        for name in names:
            steps.around(place, name)
    if most:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    Claim.take_name = lambda *_: None  # type: ignore[method-assign]  # several copies at once
    door = Address("127.0.0.1", 0)
    config = Config(
        registry=registry,
        database=SqliteDatabase(database),
        grpc=door,
        public=door,
        operations=door,
    )
    with App(config, FileClock(clock)):
        pass


def run(job: str) -> tuple[int, int]:
    """How a server ended, and how many steps it took where it was not killed."""
    registry, database, clock, step, most = job.split()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            steps = Steps(int(step))
            serve(Path(registry), Path(database), Path(clock), steps, int(most))
            os.write(writing, b"%d" % steps.taken)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - it ends here, whatever it is
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        taken = int(pipe.read() or 0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), taken


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write("{} {}\n".format(*run(line)))
        sys.stdout.flush()
