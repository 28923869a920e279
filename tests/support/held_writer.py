"""A writer that is kept from its queue, as a slow disk keeps it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from headcount_server.store.writer import Writer

from support.waiting import PATIENCE


@contextmanager
def held_up(writer: Writer) -> Iterator[threading.Event]:
    """Hold a writer up from the start of the block to its end, or until the event is set.

    It is held up before the block begins: what is queued there waits, and nothing is before it.
    """
    begun, free = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        free.wait(PATIENCE)

    holding = threading.Thread(target=writer.run, args=(hold,), daemon=True)
    holding.start()
    assert begun.wait(PATIENCE)
    try:
        yield free
    finally:
        free.set()
        holding.join()
