"""A span of seconds that some work may take, kept even where the work itself hangs."""

from __future__ import annotations

import contextvars
import time
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Deadline:
    """A moment on the monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, at least 0."""
        return max(self._end - time.monotonic(), 0.0)


class Task(Generic[Result]):
    """A call in a thread of its own, which dies with the process if it never returns.

    The call sees the context variables of its caller.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self._results: list[Result] = []
        self._error: BaseException | None = None
        context = contextvars.copy_context()
        self._thread = Thread(target=context.run, args=(self._run,), name="headcount", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is asked for
            self._error = error

    def finished(self, seconds: float) -> bool:
        """Return whether the call is over, after waiting for at most `seconds`."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> Result:
        """What the call returned, or raises what it raised; TimeoutError while it runs."""
        if self._error is not None:
            raise self._error
        if not self._results:
            raise TimeoutError("it is still at it")
        return self._results[0]
