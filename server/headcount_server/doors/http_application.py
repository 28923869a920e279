"""The applications of the HTTP doors: their routes, metrics, health, and handling of targets."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from http import HTTPStatus
from itertools import chain

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
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


class Post:
    """The handler of a route for POST, which answers whatever goes wrong.

    It gets the request as it came. Starlette need not watch it for exceptions.
    """

    def __init__(self, answer: Callable[[Request], Awaitable[Response]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    def at(self, path: str) -> Route:
        """Return the route from a path to this handler."""
        return Route(path, self, methods=["POST"])


def application(
    registry: CollectorRegistry,
    routes: Sequence[Route] = (),
    hsts: timedelta = timedelta(),
    missing: Callable[[Request, Exception], Response] | None = None,
) -> ASGIApp:
    """Return an application of these routes and `/metrics`, a registry as text or OpenMetrics.

    Every response asks browsers to insist on TLS for as long as `hsts`. `missing` answers where
    there is nothing.
    """

    def metrics(request: Request) -> Response:
        encode, media_type = choose_encoder(_wanted(",".join(request.headers.getlist("accept"))))
        headers = {"Vary": f"Accept, {VARIES}", "Cache-Control": "no-cache"}
        return response(request, Document(encode(registry), media_type), headers)

    made = Starlette(
        routes=[Route("/metrics", metrics), *routes],
        exception_handlers={404: missing} if missing else None,
    )
    # Its redirects name the host that the caller named, and lack any prefix that a proxy strips.
    made.router.redirect_slashes = False
    app: ASGIApp = HeaderBound(OriginForm(Shortcut(made, routes)))
    return Insistence(app, hsts) if hsts else app


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


class Shortcut:
    """Hands a POST to the handler of exactly its path; Starlette answers everything else.

    Starlette's search for a route, and its watch for exceptions, cost a tenth of a report.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self._app = app
        self._posts = {route.path: route.app for route in routes if isinstance(route.app, Post)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        post = self._posts.get(scope["path"]) if scope["method"] == "POST" else None
        await (post or self._app)(scope, receive, send)


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
