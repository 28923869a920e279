"""The connections that each door may hold, so that file descriptors suffice for all."""

from __future__ import annotations

import resource
from dataclasses import dataclass

OWN = 64
"""Descriptors that the server needs for itself: database, log, keys, threads."""
HTTP = 512
"""Most connections to one of the two HTTP doors."""


@dataclass(frozen=True, slots=True)
class Places:
    """Most connections that each door may hold at once."""

    grpc: int
    http: int
    """Most connections to each of the two HTTP doors."""


def places(connections: int, descriptors: int) -> Places:
    """Return the places of each door: gRPC wants `connections`, the process has `descriptors`.

    An HTTP door gets at most a quarter of the descriptors, gRPC at most the rest.
    """
    for_all = max(descriptors - OWN, 4)
    http = min(HTTP, for_all // 4)
    return Places(grpc=min(connections, for_all - 2 * http), http=http)


def descriptors() -> int:
    """Return the number of file descriptors that this process may have."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if allowed == resource.RLIM_INFINITY else allowed
