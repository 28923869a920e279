"""How many connections each door may hold, so that all of them find a file descriptor."""

from __future__ import annotations

import resource
from dataclasses import dataclass

OWN = 64
"""Descriptors that the server needs for itself: database, log, keys, threads."""
HTTP = 512
"""Connections to one of the two HTTP doors at most."""


@dataclass(frozen=True, slots=True)
class Places:
    """Most connections at once."""

    grpc: int
    http: int
    """To each of the two HTTP doors."""


def places(connections: int, descriptors: int) -> Places:
    """The places of each door, if gRPC is to have `connections` and the process `descriptors`.

    An HTTP door has at most a quarter of what there is, gRPC at most what is left.
    """
    for_all = max(descriptors - OWN, 4)
    http = min(HTTP, for_all // 4)
    return Places(grpc=min(connections, for_all - 2 * http), http=http)


def descriptors() -> int:
    """Descriptors that this process may have."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if allowed == resource.RLIM_INFINITY else allowed
