"""The growth of a function's time with its input, which does not depend on the machine."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 20
"""A large input is so many times as large as a small one."""
MOST = 40
"""Times as long as the small one that it may take: growth with the square would be 400."""
SIZE = 250_000
"""Bytes of a large input, so that what grows with the square outweighs all else."""


def is_linear(text: Callable[[int], str], read: Callable[[str], object]) -> bool:
    """Return whether reading a text of `SIZE` takes at most `MOST` times what a small one takes.

    A busy machine may make one try slower, and not all of them.
    """
    small, large = text(SIZE // TIMES), text(SIZE)
    return any(_seconds(read, large) < MOST * _seconds(read, small) for _ in range(5))


def _seconds(read: Callable[[str], object], text: str) -> float:
    """Seconds of the processor, without those of the collector, whose share jumps."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        read(text)
        return time.process_time() - began
    finally:
        gc.enable()
