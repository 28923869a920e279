"""Patience with calls that have begun and say nothing.

The synchronous gRPC server gives a thread to every call before the call's
message has come, and offers no way to end a call that stays silent. So calls
of one message are served as streams of which one message is read: the same on
the wire, and the call can be ended while its thread still waits. A message
comes right behind the beginning of a call, so silence is short where nothing
is wrong; it is ended after seconds, and sooner where many are silent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TypeVar

import grpc

SILENT_SECONDS = 5.0
"""How long a call may be silent."""
CROWDED_SECONDS = 0.25
"""How long each may be silent then."""

_TICK_SECONDS = 0.05

_Said = TypeVar("_Said")


class SilentCalls:
    """Waits for messages of calls, and ends the calls that send none.

    From `crowd` silent calls on, each is given less time.
    """

    def __init__(self, crowd: int) -> None:
        self._crowd = crowd
        # Without a lock, which every call would take twice: what is done to it
        # is one step of the interpreter each time.
        self._silent: dict[grpc.ServicerContext, float] = {}
        self._stopping = threading.Event()
        self.thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def start(self) -> None:
        """Begin to watch the time."""
        self.thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stopping.set()
        if self.thread.is_alive():
            self.thread.join()

    def next(self, messages: Iterator[_Said], context: grpc.ServicerContext) -> _Said | None:
        """The next message of a call; None where none comes any more.

        Raises grpc.RpcError where the call has ended.
        """
        self._silent[context] = time.monotonic()
        try:
            return next(messages, None)
        finally:
            self._silent.pop(context, None)

    def _watch(self) -> None:
        while not self._stopping.wait(_TICK_SECONDS):
            silent = list(self._silent.items())
            patience = CROWDED_SECONDS if len(silent) >= self._crowd else SILENT_SECONDS
            before = time.monotonic() - patience
            for context, since in silent:
                if since <= before and self._silent.pop(context, None) is not None:
                    context.cancel()
