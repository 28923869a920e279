"""The time that some work may take, kept even if the work hangs."""

from __future__ import annotations

import contextvars
import sys
import time
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from headcount.model.errors import HostError
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

_LOOK = 0.01  # seconds between two looks at a thread that cannot be joined


class Deadline:
    """A moment on the monotonic clock, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The remaining seconds, at least 0."""
        return max(self._end - time.monotonic(), 0.0)


class Task(Generic[Result]):
    """A call in a thread of its own, which dies with the process if it never returns.

    The call sees the context variables of its caller. A `native` call gets a thread of
    the system even if gevent or eventlet turned all others into greenlets.
    Raises HostError if no thread can be started.
    """

    def __init__(self, call: Callable[[], Result], *, native: bool = False) -> None:
        self._call = call
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._over = False
        self._thread: Thread | None = None
        run, parts = contextvars.copy_context().run, (self._run,)
        try:
            if native and (start := _native_start()) is not None:
                start(run, parts)
            else:
                self._thread = Thread(target=run, args=parts, name="headcount", daemon=True)
                self._thread.start()
        except RuntimeError as error:
            raise HostError(
                Sentence("this host lets nobody start a thread: {why}", why=error)
            ) from error

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is asked for
            self._error = error
        finally:
            self._over = True

    def finished(self, seconds: float) -> bool:
        """Return whether the call is over, after waiting for at most `seconds`."""
        if self._thread is not None:
            self._thread.join(seconds)
            return not self._thread.is_alive()
        deadline = Deadline(seconds)
        while not self._over and deadline.left:
            time.sleep(min(_LOOK, deadline.left))  # lets other greenlets run
        return self._over

    def result(self) -> Result:
        """Return what the call returned, or raise what it raised; TimeoutError while it runs."""
        if self._error is not None:
            raise self._error
        if not self._results:
            raise TimeoutError("it is still at it")
        return self._results[0]


def _native_start() -> Callable[[Callable[..., object], tuple[object, ...]], object] | None:
    """Return the function that starts a system thread if `threading` starts none, else None."""
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("threading"):
        return gevent.get_original("_thread", "start_new_thread")  # type: ignore[no-any-return]
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None and eventlet.is_monkey_patched("thread"):
        return eventlet.original("_thread").start_new_thread  # type: ignore[no-any-return]
    return None
