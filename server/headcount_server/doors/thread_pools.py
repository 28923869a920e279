"""Pools of threads that are all there from the start."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def full_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """A pool whose threads all run.

    Else it would start them one by one while calls come in, and a call whose
    thread cannot be started (a limit on processes or memory) ends what serves
    all others. Raises RuntimeError if one cannot be started.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    # A pool starts a thread for each piece of work that finds none idle.
    go = threading.Event()
    try:
        for _ in range(threads):
            pool.submit(go.wait)
    except RuntimeError:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        go.set()
    return pool
