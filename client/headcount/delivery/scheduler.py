"""A thread that sends each week's report while a service runs."""

from __future__ import annotations

import logging
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 3_600.0
"""Longest pause in seconds, because the clock may jump and the machine may sleep."""

SHORTEST = 60.0
"""Shortest pause in seconds, and the pause before the first attempt."""


class Scheduler:
    """A thread that calls `send` at the moment that `next_due` names, until it is stopped.

    The thread ends with the process, and a fork does not inherit it. A server that forks
    workers starts a scheduler in each worker, or one beside them. The report is sent
    once either way.
    """

    def __init__(
        self,
        next_due: Callable[[], float | None],
        send: Callable[[], object],
        clock: Callable[[], float],
        *,
        shortest: float = SHORTEST,
    ) -> None:
        self._next_due = next_due
        self._send = send
        self._clock = clock
        self._shortest = shortest
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="headcount scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread, once; if the host may start none, go without."""
        try:
            self._thread.start()
        except RuntimeError as error:
            logging.getLogger("headcount").debug("there is no scheduler", exc_info=error)

    @property
    def running(self) -> bool:
        """Whether the thread runs; it does not in a forked process, or if it could not start."""
        return self._thread.is_alive()

    def stop(self, seconds: float = 0.0) -> None:
        """End the thread once its present work is done; wait for at most `seconds`."""
        if self.running:
            self._stopped.set()
            if self._thread is not current_thread():
                self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopped.wait(self._pause()):
            try:
                self._send()
            except Exception as error:
                logging.getLogger("headcount").debug("the scheduler failed", exc_info=error)

    def _pause(self) -> float:
        """Return the seconds until the next look at the clock."""
        moment = self._next_due()
        if moment is None:
            return LONGEST
        return min(max(moment - self._clock(), self._shortest), LONGEST)
