"""The transport over HTTP/1.1: unary calls of the Connect protocol, by the standard library.

It serves hosts without a working gRPC, and hosts whose proxy speaks only HTTP/1.1. No
header tells anything about the host: there is no user agent and no version.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from headcount.model.frozen import Frozen
from headcount.transport.messages import LARGEST_ANSWER, OPEN_WEEKS, Answer
from headcount.transport.trust import trusted
from headcount.transport.unary import UnaryTransport
from headcount.transport.wire import listed_weeks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPResponse as HTTPConnectionResponse

    from headcount.model.deadline import Deadline

PROTO = "application/proto"
"""The content type of the calls."""
_OK = 200

_CODES = {
    404: "UNIMPLEMENTED", 429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "UNAVAILABLE",
}  # fmt: skip
"""Codes for HTTP statuses that come from something in front of the service."""

_NAMES = frozenset({
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
    "UNAUTHENTICATED",
})  # fmt: skip


class HttpResponse(Frozen):
    """A response; names of `fields` are in lower case, and values of one name joined."""

    status: int
    reason: str
    fields: Mapping[str, str]
    data: bytes

    @property
    def kind(self) -> str:
        """The content type without its parameters, `""` if there is none."""
        return _kind(self.fields)


class HttpTransport(UnaryTransport):
    """A transport over HTTP/1.1. By default it trusts the roots of the system."""

    def _exchange(self, method: str, body: bytes, deadline: Deadline) -> tuple[Answer, bytes]:
        try:
            return self._asked(method, body, deadline)
        except TimeoutError as error:  # the socket's; the caller keeps the deadline of the call
            return Answer(code="DEADLINE_EXCEEDED", message=f"{error}"), b""
        except HTTPException as error:
            return Answer(code="UNAVAILABLE", message=f"{type(error).__name__}: {error}"), b""

    def _asked(self, method: str, body: bytes, deadline: Deadline) -> tuple[Answer, bytes]:
        headers = {
            "Content-Type": PROTO,
            "Connect-Protocol-Version": "1",
            "Connect-Timeout-Ms": str(int(deadline.left * 1000)),
            "Connection": "close",
        }
        told = self._posted(method, body, headers, deadline)
        return read(told.status, told.reason, told.fields, told.data)

    def _posted(
        self, method: str, body: bytes, headers: dict[str, str], deadline: Deadline
    ) -> HttpResponse:
        """Post a body over a connection of its own; return the response."""
        connection, target, more = self._connection(method, max(deadline.left, 0.001))
        try:
            connection.request("POST", target, body=body, headers={**more, **headers})
            return _received(connection.getresponse())
        finally:
            connection.close()

    def _connection(
        self, method: str, seconds: float
    ) -> tuple[HTTPConnection, str, dict[str, str]]:
        """Return a connection that is not yet open, its request target, and headers for a proxy."""
        endpoint = self.endpoint
        path = f"{endpoint.path}{method}"
        proxy = endpoint.proxy
        host, port, headers = _proxy(proxy) if proxy else (endpoint.host, endpoint.port, {})
        if not endpoint.encrypted:
            target = f"http://{endpoint.target}{path}" if proxy else path
            return HTTPConnection(host, port, timeout=seconds), target, headers
        roots = trusted(self._roots)
        trust = ssl.create_default_context(cadata=b"".join(roots) if roots else None)
        connection = HTTPSConnection(host, port, timeout=seconds, context=trust)
        if proxy:
            connection.set_tunnel(endpoint.host, endpoint.port, headers)
        return connection, path, {}


def _proxy(place: str) -> tuple[str, int, dict[str, str]]:
    """Return host, port and credentials of a proxy; OSError if it is not an HTTP proxy."""
    parts = urlsplit(place)
    if parts.scheme != "http" or not parts.hostname:
        raise OSError(f"the proxy {parts.scheme}://{parts.hostname} is not an http:// one")
    headers = {}
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(secret.encode()).decode()}"
    return parts.hostname, parts.port or 80, headers


def _received(response: HTTPConnectionResponse) -> HttpResponse:
    """Return a response as a value. Raises IncompleteRead."""
    data = response.read(LARGEST_ANSWER + 1)
    if response.length and len(data) <= LARGEST_ANSWER:  # `read` does not report missing bytes
        raise IncompleteRead(data, response.length)
    fields: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return HttpResponse(
        status=response.status, reason=response.reason or "", fields=fields, data=data
    )


def read(status: int, reason: str, fields: Mapping[str, str], data: bytes) -> tuple[Answer, bytes]:
    """Return the answer that a response means, and its body if it is OK.

    Names of `fields` are in lower case. A response that does not come from the service is a
    failed attempt.
    """
    if len(data) > LARGEST_ANSWER:
        return Answer(code="INTERNAL", message="the answer is too large"), b""
    kind = _kind(fields)
    if status == _OK and kind == PROTO:
        return Answer(code="OK"), data
    code, text = _error(data) if kind == "application/json" else ("", "")
    if code:
        weeks = [fields.get(name, "") for name in (OPEN_WEEKS, f"trailer-{OPEN_WEEKS}")]
        return Answer(code=code, open_weeks=listed_weeks(weeks), message=text), b""
    return Answer(
        code=_CODES.get(status, "UNKNOWN"),
        message=f"HTTP {status} {reason}, and not from a headcount server",
    ), b""


def _kind(fields: Mapping[str, str]) -> str:
    """Return the content type without its parameters, `""` if there is none."""
    return fields.get("content-type", "").partition(";")[0].strip()


def _error(data: bytes) -> tuple[str, str]:
    """Return code and message of a refusal by the service, `""` if it is none."""
    try:
        parts = json.loads(data)
        code = str(parts["code"]).upper().replace("CANCELED", "CANCELLED")
        text = str(parts.get("message", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "", ""
    return (code, text) if code in _NAMES else ("", "")
