"""The gateway of oblivious HTTP (RFC 9458): sealed requests of a relay, from nobody it knows.

`POST /oblivious` takes them, and so does `/.well-known/ohttp-gateway`, where the keys are too
(RFC 9540). Inside is a call as `connect` takes it, of the two methods that a client needs. An
error before a request is opened is told openly; every later one is sealed, so that a relay
cannot tell it from success.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headcount_server.doors.connect import CALL_SECONDS, UnaryCalls, kind_of, refused, unknown_kind
from headcount_server.doors.http_application import Post
from headcount_server.doors.http_requests import MAX_BODY_BYTES, HttpRequests
from headcount_server.doors.oblivious.binary_http import (
    BinaryRequest,
    BinaryResponse,
    padded,
    parse,
)
from headcount_server.doors.oblivious.encapsulation import OVERHEAD, Gateway, Opened
from headcount_server.doors.rate_limits import Visit
from headcount_server.doors.status import CallMeter, fault, headers, http_status
from headcount_server.errors import (
    InvalidReport,
    Refusal,
    Unsupported,
    Violation,
    WrongKey,
)
from headcount_server.service.telemetry_service import SERVICE

PATH, WELL_KNOWN = "/oblivious", "/.well-known/ohttp-gateway"
METHODS = frozenset({"SubmitReport", "GetRegistry"})
"""The calls that a relay may carry: those of a client."""

_REQUEST, _RESPONSE = "message/ohttp-req", "message/ohttp-res"
_PROBLEM = "application/problem+json"
_WRONG_KEY = "https://iana.org/assignments/http-problem-types#ohttp-key"
_UNSUPPORTED_MEDIA_TYPE = 415
_DAY = 86_400


class ObliviousDoor:
    """Answers sealed requests, and announces the keys to seal to."""

    def __init__(
        self, gateway: Gateway, calls: UnaryCalls, intake: HttpRequests, meter: CallMeter
    ) -> None:
        self._gateway = gateway
        self._calls = calls
        self._intake = intake
        self._meter = meter

    def routes(self) -> list[Route]:
        """Return the routes of the gateway."""
        post = Post(self._answer)
        announcement = Route(WELL_KNOWN, self._announce, methods=["GET"])
        return [post.at(PATH), post.at(WELL_KNOWN), announcement]

    async def _announce(self, _: Request) -> Response:
        told = {"cache-control": f"public, max-age={_DAY}"}
        return Response(self._gateway.announcement, 200, told, "application/ohttp-keys")

    async def _answer(self, request: Request) -> Response:
        refusal: Refusal
        try:
            return await self._take(request)
        except Refusal as told:
            refusal = told
        except Exception as error:  # noqa: BLE001 - logged by `fault`, and the caller told
            refusal = fault(error)
        self._meter.called("oblivious", refusal.code.name.lower())
        return _problem(refusal)

    async def _take(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "").strip().lower()
        if kind != _REQUEST:
            return Response(
                f"content-type: not {_REQUEST}\n",
                _UNSUPPORTED_MEDIA_TYPE,
                {"accept-post": _REQUEST},
            )
        visit = self._intake.admit(request, oblivious=True)
        sealed = await self._intake.body(request, MAX_BODY_BYTES + OVERHEAD)
        return Response(await self._opened_and_answered(sealed, visit), media_type=_RESPONSE)

    async def _opened_and_answered(self, sealed: bytes, visit: Visit) -> bytes:
        """Return the sealed response. Raises WrongKey if the request cannot be opened."""
        opened = self._gateway.opened(sealed)
        refusal: Refusal
        try:
            return _sealed(opened, await self._called(parse(opened.request), visit))
        except Refusal as told:
            refusal = told
        except Exception as error:  # noqa: BLE001 - logged by `fault`, and the caller told
            refusal = fault(error)
        self._meter.called("oblivious", refusal.code.name.lower())
        return _sealed(opened, refused(refusal))

    async def _called(self, request: BinaryRequest, visit: Visit) -> Response:
        method = request.path.removeprefix(f"/{SERVICE}/")
        if request.method != "POST" or method not in METHODS:
            msg = f"a relay carries POST of {', '.join(sorted(METHODS))} alone"
            raise Unsupported(msg)
        kind = _checked_kind(request.fields)
        if kind is None:
            self._meter.called("oblivious", "unimplemented")
            return unknown_kind()
        answer = await self._calls.answer(method, kind, request.content, visit, CALL_SECONDS)
        self._meter.called("oblivious", "ok")
        return Response(answer, media_type=kind)


def _sealed(opened: Opened, response: Response) -> bytes:
    """Return a response, padded and sealed."""
    fields = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.raw_headers
        if name != b"content-length"
    )
    told = BinaryResponse(response.status_code, fields, bytes(response.body))
    return opened.sealed(padded(told), secrets.token_bytes)


def _checked_kind(fields: Mapping[str, str]) -> str | None:
    if "expect" in fields:  # RFC 9458, 5.1
        raise InvalidReport(Violation("expect", "cannot be met through a relay"))
    if fields.get("content-encoding", "identity") != "identity":
        msg = "compressed requests are not read; send it as it is"
        raise Unsupported(msg)
    return kind_of(fields)


def _problem(refusal: Refusal) -> Response:
    """Return a refusal that is told openly (RFC 9457)."""
    kind = _WRONG_KEY if isinstance(refusal, WrongKey) else "about:blank"
    told = {"type": kind, "title": str(refusal)}
    return JSONResponse(told, http_status(refusal), headers(refusal), _PROBLEM)
