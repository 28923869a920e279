"""Lets a caller that is still sending read its response before the connection closes.

A connection that closes with unread bytes is reset, and a reset can overtake the response (RFC
9112, 9.6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

LINGER_SECONDS = 2.0
"""Seconds that a caller gets to stop sending."""


class LingeringTransport(asyncio.Transport):
    """A transport that, to close, sends no more and reads on for `LINGER_SECONDS`.

    It does so if `is_sending` returns true, and else closes at once, as it does if told a second
    time. Its protocol must ignore what comes in after it `is_closing`.
    """

    def __init__(self, transport: asyncio.Transport, is_sending: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._is_sending = is_sending
        self._lingers = False

    def close(self) -> None:
        """Close, after a while if the caller is still sending."""
        if self.is_closing() or not self._is_sending():
            self._transport.close()
            return
        self._lingers = True
        self._transport.resume_reading()
        if self._transport.can_write_eof():  # TLS cannot
            self._transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)

    def is_closing(self) -> bool:
        """Return whether it closes, or is closed."""
        return self._lingers or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        self._transport.write(data)

    def pause_reading(self) -> None:
        """Stop reading."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - as asyncio
        """Return what asyncio knows of the connection."""
        return self._transport.get_extra_info(name, default)
