"""Gives memory back to the system once a crowd of connections is gone."""

from __future__ import annotations

import ctypes
import gc

_C = ctypes.CDLL(None)


def give_back() -> None:
    """Free unused memory. This takes some ten milliseconds, in which nothing else runs."""
    # asyncio leaves its TLS connections in cycles. Those of a crowd have grown old by the
    # time it leaves, and Python looks at old objects only once many more have come.
    gc.collect()
    # The C library keeps free memory that lies between used memory. Not every one has this call.
    if trim := getattr(_C, "malloc_trim", None):
        trim(0)
