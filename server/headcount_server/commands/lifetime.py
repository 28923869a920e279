"""The life of a serving process: the signals that it hears, and an end that always comes.

A thread of its own, the warden, hears the signals and watches the threads that
a server cannot do without. The main thread may be held up, by a disk for one;
the warden is not, since it does nothing else and was started before all others.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from headcount_server import logs
from headcount_server.app import END_SECONDS

_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_SECONDS = 1.0
LAST_WORDS_SECONDS = 1.0
"""How long an end waits for the reader of the log."""
_FAILED = 1

log = logging.getLogger(__name__)


class Lifetime:
    """What a serving process hears, and the watch over its threads."""

    def __init__(self, pipe: int, lives: Callable[[], None]) -> None:
        self._pipe = pipe
        self._lives = lives
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._needed: Callable[[], Iterable[threading.Thread]] = tuple
        self._over_at: float | None = None
        self._thread = threading.Thread(target=self._watch, name="warden", daemon=True)

    def start(self) -> None:
        """Begin to hear and to watch."""
        self._thread.start()

    def signals(self) -> Iterator[int]:
        """The numbers of signals as they come."""
        return (self._heard.get() for _ in itertools.count())

    def needs(self, threads: Callable[[], Iterable[threading.Thread]]) -> None:
        """End the process as soon as one of these threads has ended, until it is told to end."""
        self._needed = threads

    def _watch(self) -> None:
        while True:
            self._lives()
            readable, _, _ = select.select([self._pipe], [], [], _LOOK_SECONDS)
            heard = os.read(self._pipe, 64) if readable else None
            if heard == b"":
                return  # nothing was served: the other end is closed
            for number in heard or b"":
                if number != signal.SIGHUP and self._over_at is None:
                    self._over_at = time.monotonic() + END_SECONDS
                    # By the kernel, if not even this thread gets to run by then.
                    signal.setitimer(signal.ITIMER_REAL, END_SECONDS + 2 * LAST_WORDS_SECONDS)
                self._heard.put(number)
            if self._over_at is None:
                self._mourn()
            elif time.monotonic() >= self._over_at:
                _leave(
                    f"not ended after {END_SECONDS:g} s; leaving as it is, acknowledged reports "
                    "are safe"
                )

    def _mourn(self) -> None:
        for thread in self._needed():
            if not thread.is_alive():
                _leave(
                    f"the thread {thread.name} has ended, without which there is no service; "
                    "leaving, to be started anew: acknowledged reports are safe"
                )


def _leave(sentence: str) -> None:
    log.error(sentence)
    logs.flush(LAST_WORDS_SECONDS)
    os._exit(_FAILED)


@contextmanager
def lifetime(lives: Callable[[], None]) -> Iterator[Lifetime]:
    """Hear the signals of a server; after the block they do nothing.

    `lives` is called about once a second as long as the process is not stuck.
    Python notes them in a pipe, on whichever thread they arrive. Blocking them
    would not do: a thread that a library started before would be killed by them.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in _HEARD}
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        life = Lifetime(reading, lives)
        life.start()
        yield life
    except BaseException:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(writing)
        raise
    else:
        signal.set_wakeup_fd(before)
