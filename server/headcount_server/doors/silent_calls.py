"""End calls that have begun and stay silent.

The synchronous gRPC server gives a thread to every call before the call's message
has come, and cannot end a call that stays silent. Unary calls are therefore served
as streams of which one message is read. That is the same on the wire, and the server
can end the call while its thread still waits. A message normally follows the start of
its call at once, so silence is short if nothing is wrong. A silent call is ended after
seconds, and sooner if many are silent.

Seconds are counted in looks, which come late if the server is busy. So nobody is sent away
for a message that the server has not got round to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TypeVar

import grpc

SILENT_SECONDS = 5.0
"""Most seconds that a call may be silent."""
CROWDED_SECONDS = 0.25
"""Most seconds that a call may be silent if too many are."""

LOOK_SECONDS = 0.05
"""Seconds between two looks at the silent calls of a server that keeps up."""

_Said = TypeVar("_Said")


class SilentCalls:
    """Waits for the messages of calls, and ends calls that send none.

    If at least `crowd` calls are silent, each gets less time.
    """

    def __init__(self, crowd: int) -> None:
        self._crowd = crowd
        # Without a lock, which every call would take twice: each change is one step of the
        # interpreter.
        self._silent: dict[grpc.ServicerContext, int] = {}
        self._looks = 0
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def start(self) -> None:
        """Start to look."""
        self.thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join()

    def next(self, messages: Iterator[_Said], context: grpc.ServicerContext) -> _Said | None:
        """Return the next message of a call; None if no more will come.

        Raises grpc.RpcError if the call has ended.
        """
        self._silent[context] = self._looks
        try:
            return next(messages, None)
        finally:
            self._silent.pop(context, None)

    def look(self) -> None:
        """End the calls that were silent in too many looks."""
        self._looks += 1
        silent = list(self._silent.items())
        seconds = CROWDED_SECONDS if len(silent) >= self._crowd else SILENT_SECONDS
        before = self._looks - seconds / LOOK_SECONDS
        for context, since in silent:
            if since < before and self._silent.pop(context, None) is not None:
                context.cancel()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self.look()
