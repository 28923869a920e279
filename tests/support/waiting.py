"""Waiting for events, for as long as they take on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

PATIENCE = 60.0
"""Seconds until a test gives up. A test that waits for an event never pays for a long deadline."""
_PAUSES = 0.001, 0.05
"""Seconds between two looks, at first and at most."""

T = TypeVar("T")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer, for what would hang otherwise.

    Choose ten times what is right, or more, and far less than the hanging lasts.
    """
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds, f"it took {took:.1f} s"


def until(
    condition: Callable[[], T | None],
    *,
    seconds: float = PATIENCE,
    told: str | Callable[[], object] = "",
) -> T:
    """Return the first true value of a condition, which is asked again and again.

    After `seconds` it fails with what `told` says, or returns at that moment.
    """
    deadline = time.monotonic() + seconds
    pause, longest = _PAUSES
    while not (value := condition()):
        if time.monotonic() > deadline:
            words = told() if callable(told) else told
            raise AssertionError(f"not within {seconds:g} s: {words or condition}")
        time.sleep(pause)
        pause = min(2 * pause, longest)
    return value
