"""Closes HTTP connections that send no complete headers in time; uvicorn would keep them.

A body that turns out not to be HTTP ends its request silently. uvicorn would log an error for each.
Headers that come in pieces are refused as those in one piece are.
"""

from __future__ import annotations

import asyncio
import sys
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from headcount_server.doors.http_application import TOO_LONG
from headcount_server.doors.lingering_close import LingeringTransport

HEADER_SECONDS = 10.0
"""Seconds in which a request's line and headers must come in."""


class HeaderTimeoutProtocol(H11Protocol):
    """HTTP/1 whose requests must begin in time.

    The application limits the time of a body, and uvicorn the time of an idle
    connection between two requests.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        """Wait for the first request."""
        super().connection_made(LingeringTransport(transport, self._is_caller_sending))
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Take incoming bytes, and stop the timer once the headers are complete."""
        if self.transport.is_closing():
            return
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._end_wait()
        elif self._header_timer is None and (before is None or before.response_complete):
            self._expect_headers()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or has too long headers, unless a response has begun."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            # An answer would be a second response. This also ends the wait for the body.
            cycle.disconnected = True
            cycle.message_event.set()
        if repr(self.conn.our_state) not in {"IDLE", "SEND_RESPONSE"}:  # as h11 names them
            self.transport.close()
        elif getattr(sys.exception(), "error_status_hint", 0) == TOO_LONG.status_code:
            self._refuse_headers()
        else:
            super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end_wait()
        super().connection_lost(exc)

    def _refuse_headers(self) -> None:
        status = HTTPStatus(TOO_LONG.status_code)
        headers = [*TOO_LONG.raw_headers, (b"connection", b"close")]
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), *map(b": ".join, headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(TOO_LONG.body)]))
        self.transport.close()

    def _is_caller_sending(self) -> bool:
        return repr(self.conn.their_state) in {"SEND_BODY", "ERROR"}

    def _expect_headers(self) -> None:
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _end_wait(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
