"""The service over HTTP/1.1: unary calls of the Connect protocol, as protobuf or JSON.

`POST /headcount.v1.TelemetryService/<Method>` with `application/proto` or
`application/json`. Validation and responses are the same as over gRPC; a
refusal has an HTTP status by Connect's table and a JSON body with code,
message and details. Source: connectrpc.com/docs/protocol.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from headcount.v1 import telemetry_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headcount_server.doors import json_reports
from headcount_server.doors.http_application import Post
from headcount_server.doors.http_requests import HttpRequests
from headcount_server.doors.json_memory import JsonMemory
from headcount_server.doors.rate_limits import Visit
from headcount_server.doors.status import CallMeter, fault, headers, http_status, status
from headcount_server.errors import (
    InvalidReport,
    Refusal,
    Unsupported,
    Violation,
)
from headcount_server.service.telemetry_service import SERVICE, Service, decoded
from headcount_server.service.week_cycle import WeekCycle

CALL_SECONDS = 10.0
"""Most seconds that a call may take; a caller may ask for fewer."""

_JSON, _PROTO = "application/json", "application/proto"
_SUBMIT = "SubmitReport"
_UNSUPPORTED_MEDIA_TYPE = 415
_TIMEOUT = re.compile(r"[0-9]{1,10}", re.ASCII)


class UnaryCalls:
    """The service's calls, from the bytes of a request to those of its answer."""

    def __init__(self, service: Service, weeks: WeekCycle, intake: HttpRequests) -> None:
        self._service = service
        self._weeks = weeks
        self._intake = intake
        self._reports = JsonMemory(json_reports.report)
        self._questions: Mapping[str, tuple[type[Message], Callable[[Any], Message]]] = {
            "GetRegistry": (wire.GetRegistryRequest, service.get_registry),
            "GetStatistics": (wire.GetStatisticsRequest, service.get_statistics),
        }

    def checked(self, method: str) -> str:
        """Return the name of a method. Raises Unsupported if there is none of that name."""
        if method != _SUBMIT and method not in self._questions:
            msg = "the service has no such method"
            raise Unsupported(msg)
        return method

    async def answer(
        self, method: str, kind: str, body: bytes, visit: Visit, seconds: float
    ) -> bytes:
        """Return the bytes of the answer to a call. Raises Refusal.

        `method` is one of `checked`, and `kind` one of `kind_of`.
        """
        if method != _SUBMIT:
            return await self._intake.run(lambda: self._ask(method, kind, body), seconds)
        if not self._weeks.is_settled():
            await self._intake.run(self._weeks.open, seconds)
        with self._intake.places:
            return await self._submit(kind, body, visit, seconds)

    async def _submit(self, kind: str, body: bytes, visit: Visit, seconds: float) -> bytes:
        if kind == _PROTO:
            told = self._service.submission(decoded(wire.SubmitReportRequest, body))
        else:
            told = json_reports.submission(body, self._reports.read)
        visit.said(told.token)
        response = await self._service.take_report(told, visit.network, seconds)
        return _written(response, kind) if response.ignored else _week(response.week, kind)

    def _ask(self, method: str, kind: str, body: bytes) -> bytes:
        request, ask = self._questions[method]
        read = decoded if kind == _PROTO else json_reports.message
        return _written(ask(read(request, body)), kind)


def _written(response: Message, kind: str) -> bytes:
    if kind == _PROTO:
        return response.SerializeToString()
    text: str = json_format.MessageToJson(response, indent=None, ensure_ascii=False)
    return text.encode()


@lru_cache(maxsize=16)
def _week(week: str, kind: str) -> bytes:
    """Return the answer to almost every report."""
    return _written(wire.SubmitReportResponse(week=week), kind)


class ConnectDoor:
    """Answers the service's calls over HTTP."""

    def __init__(self, calls: UnaryCalls, intake: HttpRequests, meter: CallMeter) -> None:
        self._calls = calls
        self._intake = intake
        self._meter = meter

    def routes(self) -> list[Route]:
        """Return the routes of the calls, for POST alone: not even CORS preflights are answered."""
        post = Post(self._answer)
        return [post.at(f"/{SERVICE}/{method}") for method in (_SUBMIT, "{method}")]

    async def _answer(self, request: Request) -> Response:
        refusal: Refusal
        try:
            answer = await self._call(request)
        except Refusal as told:
            refusal = told
        except Exception as error:  # noqa: BLE001 - logged by `fault`, and the caller told
            refusal = fault(error)
        else:
            self._meter.called("connect", "ok")
            return answer
        self._meter.called("connect", refusal.code.name.lower())
        return refused(refusal)

    async def _call(self, request: Request) -> Response:
        method = self._calls.checked(request.scope["path"].rpartition("/")[2])
        # Decoded once, as each look into the request would. The first of a name counts.
        headers = dict(reversed(request.headers.items()))
        kind = kind_of(headers)
        if kind is None:
            return unknown_kind()
        seconds = _check_headers(headers)
        visit = self._intake.admit(request)
        body = await self._intake.body(request)
        answer = await self._calls.answer(method, kind, body, visit, seconds)
        return Response(answer, media_type=kind)


def kind_of(headers: Mapping[str, str]) -> str | None:
    """Return the content type of a call, None if it is neither protobuf nor JSON."""
    kind, _, rest = headers.get("content-type", "").lower().partition(";")
    known = kind.strip() in {_JSON, _PROTO} and rest.strip() in {"", "charset=utf-8"}
    return kind.strip() if known else None


def _check_headers(headers: Mapping[str, str]) -> float:
    """Return the seconds that the call may take. Raises Unsupported or InvalidReport."""
    encoding = headers.get("content-encoding", "identity")
    if encoding != "identity":
        msg = "compressed requests are not read; send it as it is"
        raise Unsupported(msg)
    if headers.get("connect-protocol-version", "1") != "1":
        raise InvalidReport(Violation("connect-protocol-version", "not 1"))
    timeout = headers.get("connect-timeout-ms")
    if timeout is None:
        return CALL_SECONDS
    if not _TIMEOUT.fullmatch(timeout):
        raise InvalidReport(Violation("connect-timeout-ms", "not a number of up to ten digits"))
    return min(CALL_SECONDS, int(timeout) / 1000)


def unknown_kind() -> Response:
    """Return the answer to a call of a content type that is not read."""
    told = {"code": "unimplemented", "message": f"content-type: neither {_JSON} nor {_PROTO}"}
    headers = {"accept-post": f"{_JSON}, {_PROTO}"}
    return JSONResponse(told, _UNSUPPORTED_MEDIA_TYPE, headers)


def refused(refusal: Refusal) -> Response:
    """Return the answer that tells a refusal, in the form of Connect."""
    told = status(refusal)
    details = []
    for detail in told.details:
        name = detail.type_url.rpartition("/")[2]
        value = b64encode(detail.value).decode().rstrip("=")
        debug = json_format.MessageToDict(detail)
        debug.pop("@type")
        details.append({"type": name, "value": value, "debug": debug})
    body = {"code": refusal.code.name.lower(), "message": told.message, "details": details}
    more = headers(refusal)
    if isinstance(refusal, Unsupported):
        more["accept-encoding"] = "identity"
    return JSONResponse(body, http_status(refusal), more)
