"""Requests over HTTP: bodies read within bounds, work done within a time.

A caller that asks for too much is refused at once. A body is read up to its limit before
anything looks into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from headcount_server.doors.rate_limits import Gate, Visit
from headcount_server.errors import InvalidReport, Overloaded, TooLarge, TooLate, Violation

MAX_BODY_BYTES = 64 * 1024
"""Most bytes of a request, as for gRPC; a report has some hundreds."""
BODY_SECONDS = 5.0
"""Seconds in which a body must come in."""
MAX_REQUESTS = 256
"""Most requests in work at once; further requests are refused at once."""

_Done = TypeVar("_Done")


class HttpRequests:
    """Reads requests and runs their work, within bounds; belongs to one event loop."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._busy = 0

    def admit(self, request: Request, *, oblivious: bool = False) -> Visit:
        """Charge the caller, or a relay's own share if the call is an `oblivious` one.

        Raises Overloaded if it, or all callers together, exceed the limits.
        """
        peer = request.client.host if request.client else None
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        return self._gate.admit(peer, forwarded, oblivious=oblivious)

    async def body(self, request: Request, most: int = MAX_BODY_BYTES) -> bytes:
        """Return the body of a request, of `most` bytes.

        Raises TooLarge, TooLate, and InvalidReport if the caller goes away.
        """
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > most:
            raise _too_large(most)
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise _too_large(most)
        except TimeoutError:
            msg = f"request: not all there after {BODY_SECONDS:g} seconds"
            raise TooLate(msg) from None
        except ClientDisconnect:
            raise InvalidReport(Violation("request", "ended before its end")) from None
        return bytes(body)

    async def run(self, work: Coroutine[Any, Any, _Done], seconds: float) -> _Done:
        """Run `work`; return or raise what it does.

        Raises Overloaded if too many requests are in work, and TooLate if the time is over;
        the work then still finishes.
        """
        if self._busy >= MAX_REQUESTS:
            work.close()
            msg = "too many requests are waiting; try again in some hours"
            raise Overloaded(msg)
        self._busy += 1
        working = asyncio.ensure_future(work)
        working.add_done_callback(self._finished)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(working)
        except TimeoutError:
            msg = "the answer took too long; send the same again"
            raise TooLate(msg) from None

    def _finished(self, working: asyncio.Future[_Done]) -> None:
        self._busy -= 1
        if not working.cancelled():
            working.exception()  # read, so that asyncio does not complain


def _too_large(most: int) -> TooLarge:
    return TooLarge(Violation("request", f"more than {most} bytes"))
