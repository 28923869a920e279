"""Pools of threads that all run from the start."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def full_pool(threads: int, name: str) -> ThreadPoolExecutor:
    """Return a pool whose threads all run.

    Otherwise it would start them one by one while calls come in. If a limit on processes or
    memory then keeps a thread from starting, that call ends the thread that serves all
    calls. Raises RuntimeError if a thread cannot be started.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    # A pool starts a thread for each task that finds none idle.
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
