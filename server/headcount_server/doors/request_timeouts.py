"""Bounds the time in which a request over HTTP must come; uvicorn would wait for it.

Headers that do not come end the connection, and the application answers for a body. What turns out
not to be HTTP ends its request silently. uvicorn would log an error for each. Headers that come in
pieces are refused as those in one piece are.
"""

from __future__ import annotations

import asyncio
import sys
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from headcount_server.doors.http_application import TOO_LONG
from headcount_server.doors.lingering_close import LingeringTransport

HEADER_SECONDS = 10.0
"""Seconds in which a request's line and headers must come in."""
BODY_SECONDS = 5.0
"""Seconds in which a body must come in, after the headers."""
LATE = "late"
"""Part of a request's state: whether its body has not come in time."""


class TimedProtocol(H11Protocol):
    """HTTP/1 whose requests must come in time.

    uvicorn limits the time of an idle connection between two requests. Most bodies come with their
    headers, and then there is nothing to time.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._timed: RequestResponseCycle | None = None
        """The request whose body the timer is for; None if it is for headers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn
        """Wait for the first request."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Take incoming bytes."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on to a request that came before the last one was answered."""
        before = self.cycle
        super().on_response_complete()
        if self.cycle is not before:
            self._look()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or has too long headers, unless a response has begun."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            # An answer would be a second response. This also ends the wait for the body.
            cycle.disconnected = True
            cycle.message_event.set()
        self._linger()
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

    def _linger(self) -> None:
        """Let the connection linger if it closes before all of a request is there."""
        if not isinstance(self.transport, LingeringTransport):
            self.transport = LingeringTransport(self.transport, self._is_caller_sending)
        if self.cycle is not None:
            self.cycle.transport = self.transport

    def _is_caller_sending(self) -> bool:
        return repr(self.conn.their_state) in {"SEND_BODY", "ERROR"}

    def _look(self) -> None:
        """Time what is being waited for."""
        cycle = None if self.cycle is None or self.cycle.response_complete else self.cycle
        if cycle is not None and not cycle.more_body:
            self._end_wait()
        elif self._timer is None or self._timed is not cycle:
            self._end_wait()
            self._timed = cycle
            if cycle is None:
                self._timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)
            else:
                self._timer = self.loop.call_later(BODY_SECONDS, self._tell_late, cycle)
                self._linger()

    def _tell_late(self, cycle: RequestResponseCycle) -> None:
        cycle.scope["state"][LATE] = True
        cycle.message_event.set()  # the application looks

    def _end_wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
