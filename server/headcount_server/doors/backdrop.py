"""The door for old Backdrop sites and for `bee`, whose requests it takes unchanged.

They send `POST /post` or `/telemetry/post`, usually over HTTP/1.0, with the values of
several projects at once and a site key that never changes. The door hashes the key with
project and week as the request comes in. The store hashes that hash again under the week's
key, which the close destroys. Neither the key nor the first hash is kept. A site may report
as often as it likes: the first report of a week counts.

The response is an empty 200, as `bee` expects, if anything was counted; otherwise 4xx or 5xx and an
`error` in JSON. It always comes within a second, because the site's cron waits for it.
"""

from __future__ import annotations

import asyncio
import re
from datetime import date
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from headcount_server.counting.answers import Answers
from headcount_server.doors import backdrop_values
from headcount_server.doors.http_application import Post
from headcount_server.doors.http_requests import HttpRequests
from headcount_server.doors.json_memory import JsonMemory
from headcount_server.doors.json_text import named, parse
from headcount_server.doors.rate_limits import Visit
from headcount_server.doors.status import CallMeter, fault, headers, http_status
from headcount_server.errors import (
    InvalidReport,
    Overloaded,
    Refusal,
    TooLate,
    Unavailable,
    Unsupported,
    Violation,
    WeekNotOpen,
)
from headcount_server.registry.schema import Project
from headcount_server.service.submission import TOKEN_BYTES, Read, Submission
from headcount_server.service.telemetry_service import Service
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.week import Week

CALL_SECONDS = 0.8
"""Most seconds that a site waits for its reports to be counted."""
MAX_PROJECTS = 50
"""Most projects in one request."""

_COUNTED = Response()
_SITE_KEY = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)


class BackdropDoor:
    """Takes the requests of Backdrop sites and `bee`."""

    def __init__(
        self,
        service: Service,
        weeks: WeekCycle,
        intake: HttpRequests,
        meter: CallMeter,
    ) -> None:
        self._service = service
        self._weeks = weeks
        self._intake = intake
        self._meter = meter
        self._reports = JsonMemory(backdrop_values.report)

    def routes(self) -> list[Route]:
        """Return the routes of these requests."""
        return [Post(self._answer).at(path) for path in ("/post", "/telemetry/post")]

    async def _answer(self, request: Request) -> Response:
        refusal: Refusal
        try:
            await self._take(request)
        except Refusal as refused:
            refusal = refused
        except Exception as error:  # noqa: BLE001 - logged by `fault`, and the caller told
            refusal = fault(error)
        else:
            self._meter.called("post", "ok")
            return _COUNTED
        self._meter.called("post", refusal.code.name.lower())
        told = {"error": str(refusal)}
        return JSONResponse(told, http_status(refusal), headers(refusal))

    async def _take(self, request: Request) -> None:
        visit = self._intake.admit(request)
        if request.headers.get("content-encoding", "identity") != "identity":
            msg = "compressed requests are not read; send it as it is"
            raise Unsupported(msg)
        site = request.headers.get("x-site-key", "").strip()
        if not _SITE_KEY.fullmatch(site):
            raise InvalidReport(Violation("X-Site-Key", "missing, or not 1 to 256 characters"))
        body = await self._intake.body(request)
        if not self._weeks.is_settled():
            await self._intake.run(self._weeks.open, CALL_SECONDS)
        with self._intake.places:
            await self._count(site.encode(), body, visit)

    async def _count(self, site: bytes, body: bytes, visit: Visit) -> None:
        """Count each project's report. Raises the refusal if none is counted."""
        told = named(parse(body))
        if not told:
            raise InvalidReport(Violation("request", "no project in it"))
        if len(told) > MAX_PROJECTS:
            raise InvalidReport(Violation("request", f"more than {MAX_PROJECTS} projects"))
        week = next(iter(self._weeks.open()), None)
        if week is None:
            msg = "no week takes reports at the moment"
            raise Unavailable(msg)
        reports = [
            Submission(str(week), _token(site, name, week), name, self._reading(name, values))
            for name, values in told.items()
        ]
        visit.said(*(report.token for report in reports))
        until = asyncio.get_running_loop().time() + CALL_SECONDS
        counted, refusals = 0, []
        for report in reports:
            try:
                await self._count_one(report, visit.network, until)
            except Refusal as refusal:
                refusals.append(refusal)
            else:
                counted += 1
        # The site is asked to send again what may yet be counted, which is harmless.
        again = [r for r in refusals if isinstance(r, Overloaded | Unavailable | TooLate)]
        if again or not counted:
            raise (again or refusals)[0]

    def _reading(self, name: str, values: object) -> Read:
        def read(project: Project, today: date) -> Answers:
            if not isinstance(values, tuple):
                raise InvalidReport(Violation(name, "not an object of keys and values"))
            return self._reports.read(project, values, today)

        return read

    async def _count_one(self, report: Submission, network: bytes | None, until: float) -> None:
        left = max(0.0, until - asyncio.get_running_loop().time())
        try:
            await self._service.take_report(report, network, left)
        except WeekNotOpen as closed:
            raise Unavailable(str(closed)) from None


def _token(site: bytes, project: str, week: Week) -> bytes:
    """Return the site's token of a week.

    Keys that differ in any character give different tokens. A client makes the token from a
    secret in the same way. Here the secret is the site's own key, because the server has no
    secret that outlives a week.
    """
    digest = blake2b(f"{project}:{week}:".encode(), digest_size=TOKEN_BYTES, person=b"X-Site-Key")
    digest.update(site)
    return digest.digest()
