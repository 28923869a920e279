"""The routes of the site, and the headers of every response."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from posixpath import relpath

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from headcount_server.errors import Unavailable
from headcount_server.log import documents as log_documents
from headcount_server.pages.documents import HTML, ZIP
from headcount_server.pages.download import Download
from headcount_server.pages.environment import CONTENT_POLICY
from headcount_server.pages.operator import Operator
from headcount_server.pages.site import BUNDLE, NOBODY, Site
from headcount_server.publication.bundle import About, all_weeks
from headcount_server.publication.published import PublishedWeek, ReadWeeks
from headcount_server.publication.published_log import PublishedLog
from headcount_server.publication.terms import Policy
from headcount_server.registry.current import CurrentRegistry
from headcount_server.representation import has, response, tag

CACHING = "public, max-age=300"

_PATTERNS = (
    *("/", "/style.css", "/icon.svg", "/collected", "/collected/", "/privacy", "/privacy/"),
    *("/methodology", "/methodology/", "/search", "/search/", "/robots.txt", "/sitemap.xml"),
    *("/changes", "/changes/{rest:path}", "/conventions", "/conventions/{rest:path}"),
    *("/weeks", "/weeks/{rest:path}", "/schema/{rest:path}"),
    "/log/{rest:path}",
    *("/data", "/data/{rest:path}", "/projects/{rest:path}"),
)
_FILE_NAME = "headcount-bundle.zip"
_EMBEDDED = ("/fragment.html", "/badge.svg", "/chart.svg")
_OF_CHARTS = "default-src 'none'; style-src 'unsafe-inline'"
"""Content-Security-Policy of charts, which carry their style, because they are taken along."""
_DEEPEST = 9
"""Most slashes of an address for which a page says that there is nothing."""


class Pages:
    """The public pages and files of a server.

    `published` returns closed weeks from one to another, newest first, at most the given
    number, and `read_log` the log of publications. `show` reads both again.
    """

    def __init__(  # noqa: PLR0913 - one of each that it shows
        self,
        registry: CurrentRegistry,
        published: ReadWeeks,
        policy: Policy,
        operator: Operator = NOBODY,
        ancestors: str = "*",
        read_log: Callable[[], PublishedLog | None] = lambda: None,
    ) -> None:
        self._registry = registry
        self._published = published
        self._policy = policy
        self._operator = operator
        self._ancestors = ancestors
        self._about = About(policy, operator.licence)
        self._read_log = read_log
        self._weeks: Sequence[PublishedWeek] = ()
        self._site = Site(registry.schema, (), policy, operator)
        self._download = Download(registry.schema, published, self._about)

    def show(self) -> None:
        """Show the totals that are published now. Raises Unavailable."""
        self._weeks = tuple(all_weeks(self._published))
        self._about = replace(self._about, log=self._read_log())
        self._renew()

    def routes(self) -> list[Route]:
        """Return the routes of the pages and files."""
        bundle = Route(f"/{BUNDLE}", self._bundle, methods=["GET"])
        spoken = (
            f"/{tag}{rest}" for tag in self._operator.languages[1:] for rest in ("", "/{rest:path}")
        )
        patterns = (*_PATTERNS, *spoken)
        return [bundle, *(Route(each, self._answer, methods=["GET"]) for each in patterns)]

    async def _answer(self, request: Request) -> Response:
        try:
            return await run_in_threadpool(self._respond, request)
        except Unavailable as error:
            return _unavailable(error)

    async def _bundle(self, request: Request) -> Response:
        await run_in_threadpool(self._present)
        download = self._download
        try:
            async with download.turn:
                await run_in_threadpool(download.make)
        except Unavailable as error:
            return _unavailable(error)
        headers = self._headers(BUNDLE) | {
            "ETag": tag(download.digest),
            "Content-Length": str(download.size),
            "Content-Disposition": f'attachment; filename="{_FILE_NAME}"',
        }
        if has(request, headers["ETag"]):
            del headers["Content-Length"], headers["Content-Disposition"]
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(headers=headers, media_type=ZIP)
        return StreamingResponse(download.parts(), headers=headers, media_type=ZIP)

    def _respond(self, request: Request) -> Response:
        address, site = request.url.path.removeprefix("/"), self._present()
        log = self._about.log
        document = site.document(address)
        if document is None and log is not None:
            document = log_documents.document(log, address)
        if document is not None:
            return response(request, document, self._headers(address))
        if f"{address}/" in site.addresses:
            # Relative, because a proxy may strip a prefix that the server does not know.
            last = address.rpartition("/")[2]
            return RedirectResponse(f"./{last}/", 308, self._headers(address))
        moved = site.moved(address)
        if moved is not None:
            slash = "/" if moved.endswith("/") else ""
            here = relpath(moved, f"/{address}".rpartition("/")[0].removeprefix("/") or ".")
            return RedirectResponse(f"./{here}{slash}", 308, self._headers(address))
        return self.missing(request)

    def missing(self, request: Request, _: Exception | None = None) -> Response:
        """Return the response at an address without a document."""
        address = request.url.path.removeprefix("/")
        headers = self._headers(address) | {"Vary": "Accept"}
        depth = address.count("/")
        if depth > _DEEPEST or "text/html" not in request.headers.get("accept", ""):
            missing = b"There is nothing at this address. Everything begins at /\n"
            return Response(missing, 404, headers, "text/plain")
        return Response(self._present().missing(depth).body, 404, headers, HTML)

    def _headers(self, address: str) -> dict[str, str]:
        ancestors = self._ancestors if f"/{address}".endswith(_EMBEDDED) else "'none'"
        policy = _OF_CHARTS if address.endswith("/chart.svg") else CONTENT_POLICY
        return {
            "Cache-Control": CACHING,
            "Content-Security-Policy": f"{policy}; frame-ancestors {ancestors}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            # All files are public, so any page may read and embed them.
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }

    def _present(self) -> Site:
        if self._site.schema is not self._registry.schema:
            self._renew()
        return self._site

    def _renew(self) -> None:
        known = self._registry.schema
        self._download = Download(known, self._published, self._about)
        self._site = Site(known, self._weeks, self._policy, self._operator, self._about.log)


def _unavailable(error: Unavailable) -> Response:
    return Response(f"{error}; try again later\n", 503, media_type="text/plain")
