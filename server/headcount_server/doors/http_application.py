"""The applications of the HTTP doors: their routes, metrics, health, and handling of targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from http import HTTPStatus
from itertools import chain

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headcount_server.representation import VARIES, Document, preferences, response

_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
MAX_HEADER_BYTES = 16 * 1024
"""Most bytes of a request's target and headers."""
TOO_LONG = PlainTextResponse(
    f"the headers are longer than {MAX_HEADER_BYTES} bytes\n",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
"""The response to a request whose target and headers are longer."""
_METRICS = ("application/openmetrics-text", "text/plain", "text/*", "*/*")


def application(
    registry: CollectorRegistry,
    routes: Iterable[Route] = (),
    hsts: timedelta = timedelta(),
    missing: Callable[[Request, Exception], Response] | None = None,
) -> Starlette:
    """Return an application of these routes and `/metrics`, a registry as text or OpenMetrics.

    Every response asks browsers to insist on TLS for as long as `hsts`. `missing` answers where
    there is nothing.
    """

    def metrics(request: Request) -> Response:
        encode, media_type = choose_encoder(_wanted(",".join(request.headers.getlist("accept"))))
        headers = {"Vary": f"Accept, {VARIES}", "Cache-Control": "no-cache"}
        return response(request, Document(encode(registry), media_type), headers)

    middleware = [Middleware(HeaderBound), Middleware(OriginForm)]
    if hsts:
        middleware.insert(0, Middleware(Insistence, hsts))  # around all that answers
    made = Starlette(
        routes=[Route("/metrics", metrics), *routes],
        middleware=middleware,
        exception_handlers={404: missing} if missing else None,
    )
    # Its redirects name the host that the caller named, and lack any prefix that a proxy strips.
    made.router.redirect_slashes = False
    return made


def health(serving: Callable[[], bool]) -> Route:
    """Return `/healthz`, which agrees with health over gRPC.

    It answers 200 if reports can be taken, and 503 if not.
    """

    async def answer(_: Request) -> Response:
        told = ("serving\n", 200) if serving() else ("not serving\n", 503)
        return PlainTextResponse(*told, headers={"Cache-Control": "no-store"})

    return Route("/healthz", answer)


class HeaderBound:
    """Refuses a request whose target and headers are longer than `MAX_HEADER_BYTES`.

    h11 bounds only headers that come in pieces.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = scope["headers"]
        # Each header also has a colon, a space and a line ending.
        size = sum(map(len, chain.from_iterable(headers))) + 4 * len(headers)
        size += len(scope["raw_path"]) + len(scope["query_string"])
        if size <= MAX_HEADER_BYTES:
            await self._app(scope, receive, send)
            return
        await TOO_LONG(scope, receive, send)


class OriginForm:
    """Reads targets that name the server as if they did not (RFC 9112, 3.2.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path: str = scope["path"]
        if not path.startswith("/") and (named := _AUTHORITY.match(path)):
            scope = {**scope, "path": path[named.end() :] or "/"}
        await self._app(scope, receive, send)


class Insistence:
    """Adds Strict-Transport-Security (RFC 6797) to every response."""

    def __init__(self, app: ASGIApp, lasting: timedelta) -> None:
        self._app = app
        seconds = int(lasting.total_seconds())
        self._header = (b"strict-transport-security", f"max-age={seconds}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def insisting(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], self._header]}
            await send(message)

        await self._app(scope, receive, insisting)


def _wanted(accept: str) -> str:
    """Return the available form of metrics that an Accept header prefers."""
    for entry, weight in preferences(accept):
        if weight and entry.partition(";")[0] in _METRICS:
            return entry
    return ""
