"""Closes HTTP connections that send no complete headers in time; uvicorn would keep them.

A body that turns out not to be HTTP ends its request silently. uvicorn would log an error for each.
Headers that come in pieces are refused as those in one piece are.
"""

from __future__ import annotations

import asyncio
import sys
from http import HTTPStatus
from typing import Any

import h11
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
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
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
        reason = HTTPStatus(TOO_LONG.status_code).phrase.encode()
        headers = [*TOO_LONG.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=TOO_LONG.status_code, headers=headers, reason=reason),
            h11.Data(data=bytes(TOO_LONG.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_caller_sending(self) -> bool:
        return self.conn.their_state in {h11.SEND_BODY, h11.ERROR}

    def _expect_headers(self) -> None:
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _end_wait(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
