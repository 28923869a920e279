"""End calls that have begun and stay silent.

The synchronous gRPC server gives a thread to every call before the call's message
has come, and cannot end a call that stays silent. Unary calls are therefore served
as streams of which one message is read. That is the same on the wire, and the server
can end the call while its thread still waits. A message normally follows the start of
its call at once, so silence is short if nothing is wrong. A silent call is ended after
seconds, and sooner if many are silent.

A busy server reads late what came in time. All messages are then late, so the quickest of
the last few says how late, and nobody is ended for that. A caller who speaks late on purpose
changes nothing, unless the last few are all such callers.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc

SILENT_SECONDS = 5.0
"""Most seconds that a call may be silent."""
CROWDED_SECONDS = 0.25
"""Most seconds that a call may be silent if too many are, and the server is not late."""
LATE = 3
"""Times that a call may be as late as the quickest one."""
FEW = 8
"""Number of the last calls of which the quickest says how late the server is."""

_TICK_SECONDS = 0.05

_Said = TypeVar("_Said")


class SilentCalls:
    """Waits for the messages of calls, and ends calls that send none.

    If at least `crowd` calls are silent, each gets less time.
    """

    def __init__(self, crowd: int, now: Callable[[], float] = time.monotonic) -> None:
        self._crowd = crowd
        self._now = now
        # Without a lock, which every call would take twice: each change is one step of the
        # interpreter.
        self._silent: dict[grpc.ServicerContext, float] = {}
        self._waits = deque([0.0], maxlen=FEW)
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
        began = self._silent[context] = self._now()
        try:
            message = next(messages, None)
        finally:
            self._silent.pop(context, None)
        self._waits.append(self._now() - began)
        return message

    def look(self) -> None:
        """End the calls that have been silent for too long."""
        silent = list(self._silent.items())
        patience = SILENT_SECONDS
        if len(silent) >= self._crowd:
            quickest = min(tuple(self._waits))  # copied in one step of the interpreter
            patience = min(patience, CROWDED_SECONDS + LATE * quickest)
        before = self._now() - patience
        for context, since in silent:
            if since <= before and self._silent.pop(context, None) is not None:
                context.cancel()

    def _watch(self) -> None:
        while not self._stopping.wait(_TICK_SECONDS):
            self.look()
