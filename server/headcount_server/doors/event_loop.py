"""The event loop of the HTTP doors: asyncio's, with bounds on the time and memory of TLS."""

from __future__ import annotations

import asyncio
from asyncio import sslproto
from typing import Any

HANDSHAKE_SECONDS = 5.0
"""Most seconds of a TLS handshake; asyncio would wait a minute."""
READ_BYTES = 32 * 1024
"""Buffer of each TLS connection in bytes, two records; asyncio would take eight times as much."""

sslproto.SSLProtocol.max_size = READ_BYTES


class HttpEventLoop(asyncio.SelectorEventLoop):
    """Serves TLS with a bound on handshakes, for which uvicorn has no setting."""

    async def create_server(self, *args: Any, **settings: Any) -> asyncio.Server:
        """Listen, as asyncio does."""
        if settings.get("ssl") is not None:
            settings.setdefault("ssl_handshake_timeout", HANDSHAKE_SECONDS)
        return await super().create_server(*args, **settings)
