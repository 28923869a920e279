"""Requests over HTTP: bodies read within bounds, work done within a time.

A caller that asks for too much is refused at once. A body is read up to its limit before
anything looks into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from headcount_server.doors.rate_limits import Gate, Visit
from headcount_server.doors.request_timeouts import BODY_SECONDS, LATE
from headcount_server.errors import InvalidReport, Overloaded, TooLarge, TooLate, Violation

MAX_BODY_BYTES = 64 * 1024
"""Most bytes of a request, as for gRPC; a report has some hundreds."""
MAX_REQUESTS = 256
"""Most requests in work at once; further requests are refused at once."""

_Done = TypeVar("_Done")


class _Places:
    """The places for requests in work; `with` has one."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self) -> None:
        """Take a place. Raises Overloaded if there is none left."""
        if self._taken >= MAX_REQUESTS:
            msg = "too many requests are waiting; try again in some hours"
            raise Overloaded(msg)
        self._taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *_: object) -> None:
        self.leave()


class HttpRequests:
    """Reads requests and runs their work, within bounds; belongs to one event loop."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.places = _Places()

    def admit(self, request: Request, *, oblivious: bool = False) -> Visit:
        """Charge the caller, or a relay's own share if the call is an `oblivious` one.

        Raises Overloaded if it, or all callers together, exceed the limits.
        """
        client = request.client
        forwarded = ""
        if self._gate.trusting:
            forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        return self._gate.admit(client.host if client else None, forwarded, oblivious=oblivious)

    async def body(self, request: Request, most: int = MAX_BODY_BYTES) -> bytes:
        """Return the body of a request, of `most` bytes.

        Raises TooLarge, TooLate, and InvalidReport if the caller goes away.
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > most:
            raise _too_large(most)
        body, more = bytearray(), True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise InvalidReport(Violation("request", "ended before its end"))
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise _too_large(most)
            if more and LATE in request.scope["state"]:
                msg = f"request: not all there after {BODY_SECONDS:g} seconds"
                raise TooLate(msg)
        return bytes(body)

    async def run(self, work: Callable[[], _Done], seconds: float) -> _Done:
        """Run `work` on a thread, since it takes a while; return or raise what it does.

        Raises Overloaded if too many requests are in work, and TooLate if the time is over;
        the work then still finishes.
        """
        self.places.take()
        working = asyncio.get_running_loop().run_in_executor(None, work)
        working.add_done_callback(self._finished)
        try:
            return await asyncio.wait_for(asyncio.shield(working), seconds)
        except TimeoutError:
            msg = "the answer took too long; send the same again"
            raise TooLate(msg) from None

    def _finished(self, working: asyncio.Future[_Done]) -> None:
        self.places.leave()
        if not working.cancelled():
            working.exception()  # read, so that asyncio does not complain


def _too_large(most: int) -> TooLarge:
    return TooLarge(Violation("request", f"more than {most} bytes"))
