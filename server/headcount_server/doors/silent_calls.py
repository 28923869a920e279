"""End calls that have begun and stay silent.

The synchronous gRPC server gives a thread to every call before the call's message
has come, and cannot end a call that stays silent. Unary calls are therefore served
as streams of which one message is read. That is the same on the wire, and the server
can end the call while its thread still waits. A message normally follows the start of
its call at once, so silence is short if nothing is wrong. A silent call is ended after
seconds, and sooner if many are silent.

A busy server reads late what came in time. So if many are silent, only that time counts in
which the server had nothing to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc

SILENT_SECONDS = 5.0
"""Most seconds that a call may be silent."""
CROWDED_SECONDS = 0.25
"""Most seconds that a call may be silent if too many are, while the server is idle."""

_TICK_SECONDS = 0.05

_Said = TypeVar("_Said")


class SilentCalls:
    """Waits for the messages of calls, and ends calls that send none.

    If at least `crowd` calls are silent, each gets less time. `now` gives the seconds of a clock
    that is never set, and `spent` the processor seconds of this process.
    """

    def __init__(
        self,
        crowd: int,
        now: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self._crowd = crowd
        self._now, self._spent = now, spent
        # Without a lock, which every call would take twice: each change is one step of the
        # interpreter.
        self._silent: dict[grpc.ServicerContext, tuple[float, float]] = {}
        self._last = now(), spent()
        self._idle = 0.0
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def start(self) -> None:
        """Start to watch the time."""
        self.thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join()

    def next(self, messages: Iterator[_Said], context: grpc.ServicerContext) -> _Said | None:
        """Return the next message of a call; None if no more will come.

        Raises grpc.RpcError if the call has ended.
        """
        self._silent[context] = self._now(), self._idle
        try:
            return next(messages, None)
        finally:
            self._silent.pop(context, None)

    def look(self) -> None:
        """End the calls that have been silent for too long."""
        now, spent = self._now(), self._spent()
        passed, busy = now - self._last[0], spent - self._last[1]
        self._last = now, spent
        # A look comes late if it had to wait for a processor, and nobody rests while waiting.
        self._idle += max(0.0, min(passed, _TICK_SECONDS) - busy)
        silent = list(self._silent.items())
        crowded = len(silent) >= self._crowd
        for context, (began, idle) in silent:
            over = now - began >= SILENT_SECONDS
            over = over or (crowded and self._idle - idle >= CROWDED_SECONDS)
            if over and self._silent.pop(context, None) is not None:
                context.cancel()

    def _watch(self) -> None:
        while not self._stopping.wait(_TICK_SECONDS):
            self.look()
