"""A thread that sends each week's report while a service runs."""

from __future__ import annotations

import logging
from threading import Event, Thread, current_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 3_600.0
"""Seconds after which the clock is looked at again: it may jump, the machine may sleep."""

SHORTEST = 60.0
"""Seconds between two looks, and before the first."""


class Scheduler:
    """Calls `send` when the moment that `next_due` names has come, until it is stopped.

    Its thread ends with the process. A fork does not take it along: a server
    that forks workers starts one in each, or one beside them; the report is
    sent once either way.
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
        """Starts the thread, once; a host that may have none goes without."""
        try:
            self._thread.start()
        except RuntimeError as error:
            logging.getLogger("headcount").debug("there is no scheduler", exc_info=error)

    @property
    def running(self) -> bool:
        """Whether the thread lives; not in a forked process, nor if none could be started."""
        return self._thread.is_alive()

    def stop(self, seconds: float = 0.0) -> None:
        """Ends the thread after what it is doing now; waits for at most `seconds`."""
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
        """Seconds until the next look."""
        moment = self._next_due()
        if moment is None:
            return LONGEST
        return min(max(moment - self._clock(), self._shortest), LONGEST)
