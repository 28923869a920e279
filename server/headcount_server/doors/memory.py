"""Memory that a crowd of connections needed, given back to the system."""

from __future__ import annotations

import ctypes
import gc

_C = ctypes.CDLL(None)


def give_back() -> None:
    """Free what nobody uses. Takes some ten milliseconds, in which nothing else runs."""
    # asyncio leaves its TLS connections in cycles. Those of a crowd have grown old by the
    # time it goes, and Python looks at old objects when many more have come.
    gc.collect()
    # The C library keeps for itself what is free between what is not. Not all have this call.
    if trim := getattr(_C, "malloc_trim", None):
        trim(0)
