"""The three calls of TelemetryService, without their transport.

Each takes a request message and returns a response message, or raises a Refusal. gRPC and
HTTP both build on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.clock import Clock
from headcount_server.counting import answers
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.counting.answers import Answers
from headcount_server.errors import InvalidReport, Refusal, Violation, WeekNotOpen
from headcount_server.publication import response as statistics
from headcount_server.publication.terms import Policy
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.response import describe
from headcount_server.registry.schema import Project, project_name
from headcount_server.service.submission import Submission, known_project
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store.contract import Entry, Outcome, Store
from headcount_server.store.writer import Writer
from headcount_server.week import Week

SERVICE = wire.DESCRIPTOR.services_by_name["TelemetryService"].full_name
SHORT = 4096
"""Most bytes of a report that the writer reads. A longer one takes its time, and other callers
should not wait for that. Reports with answers alone are seldom half as long."""
MAX_WEEKS = 53
"""Most weeks that one GetStatistics call returns: a year."""
_Request = TypeVar("_Request", bound=Message)


class Meter(Protocol):
    """Receives the outcome of each report."""

    def answered(self, outcome: str) -> None:
        """Record a report that was counted, was a duplicate, or was refused with this code."""
        ...

    def ignored(self, project: str, reason: str) -> None:
        """Record that a key was left out of a project's report: `unknown`, `empty` and so on."""
        ...

    def understood(self, project: str, how: str, moment: float) -> None:
        """Record a project's report as `complete`, `partial` or `refused` at this unix time."""
        ...


class Service:
    """Answers SubmitReport, GetRegistry and GetStatistics."""

    def __init__(  # noqa: PLR0913 - the composition root hands over one of each
        self,
        registry: CurrentRegistry,
        store: Store,
        writer: Writer,
        weeks: WeekCycle,
        policy: Policy,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._registry = registry
        self._store = store
        self._writer = writer
        self._weeks = weeks
        self._policy = policy
        self._clock = clock
        self._meter = meter
        self._cache = AnswerCache()

    def submit_report(
        self, request: wire.SubmitReportRequest, size: int, network: bytes | None = None
    ) -> wire.SubmitReportResponse:
        """Count a report that came in so many bytes; return once it is durable.

        `network` is the sender's network, which limits the new values that the report may
        introduce; it is neither kept nor reported. Raises Refusal.
        """
        try:
            weeks = self._weeks.open()
            read = _reading(size, lambda: self._entry(self.submission(request), weeks, network))
            counted = self._writer.count(request.token, read)
            return self._answer(*counted)
        except Refusal as refusal:
            self._count_refusal(refusal)
            raise

    async def take_report(
        self, submission: Submission, network: bytes | None, seconds: float
    ) -> wire.SubmitReportResponse:
        """Do as `submit_report` on an event loop, which meanwhile does other work.

        Raises TooLate after this many seconds; the report is then counted all the same.
        """
        try:
            entry = self._entry(submission, self._weeks.open(), network)
            return self._answer(*await self._writer.counted(entry, seconds))
        except Refusal as refusal:
            self._count_refusal(refusal)
            raise

    def submission(self, request: wire.SubmitReportRequest) -> Submission:
        """Return a report that came as protobuf."""
        data = request.report.value
        return Submission(
            request.week,
            request.token,
            project_name(request.report.type_url),
            lambda project, today: self._cache.read(project, data, today),
            _unknown_fields(request),
        )

    def _count_refusal(self, refusal: Refusal) -> None:
        self._meter.answered(refusal.code.name.lower())

    def _entry(self, submission: Submission, weeks: Sequence[Week], network: bytes | None) -> Entry:
        """Return a report of one of these weeks, ready to be counted. Raises Refusal."""
        week, project = submission.opened(self._registry.schema)
        if week not in weeks:
            raise WeekNotOpen(week, tuple(map(str, weeks)))
        now = self._clock.now()
        how = "refused"
        try:
            report = submission.read(project, now.date())
            how = "partial" if _has_lost(report) else "complete"
        finally:
            self._meter.understood(project.name, how, now.timestamp())
        return Entry(week, project, submission.token, report, network)

    def _answer(self, entry: Entry, outcome: Outcome) -> wire.SubmitReportResponse:
        """Return the response to a report of which this has become. Raises WeekNotOpen."""
        if outcome is Outcome.CLOSED:
            raise WeekNotOpen(entry.week, tuple(map(str, self._weeks.open())))
        for ignored in entry.answers.ignored:
            self._meter.ignored(entry.project.name, _word(ignored.reason))
        self._meter.answered(outcome.value)
        return _taken(entry.week, entry.answers.ignored)

    def get_registry(self, request: wire.GetRegistryRequest) -> wire.GetRegistryResponse:
        """Return what is collected, why, and under which policy."""
        schema = self._registry.schema
        projects: Iterable[Project] = schema.projects.values()
        if request.project:
            projects = [known_project(schema, request.project)]
        current = Week.of(self._clock.now())
        terms = self._weeks.terms()
        policy = wire.Policy(threshold=terms.threshold, open_weeks=map(str, self._weeks.open()))
        policy.grace.FromTimedelta(terms.closes - current.end)
        return wire.GetRegistryResponse(projects=map(describe, projects), policy=policy)

    def get_statistics(self, request: wire.GetStatisticsRequest) -> wire.GetStatisticsResponse:
        """Return published totals. Raises Refusal."""
        first, last = _week_or_none("first_week", request), _week_or_none("last_week", request)
        limit = MAX_WEEKS if first else 1
        schema, weeks = self._registry.schema, self._store.published(first, last, limit)
        known = {project.name for week in weeks for project in week.projects}
        if request.project and request.project not in known:
            known_project(schema, request.project)
        return statistics.response(weeks, request.project, schema)


def _reading(size: int, read: Callable[[], Entry]) -> Callable[[], Entry]:
    """Return how the writer gets a report of so many bytes. A long one is read now, by its caller.

    Raises what `read` raises.
    """
    if size <= SHORT:
        return read
    entry = read()
    return lambda: entry


def _unknown_fields(request: wire.SubmitReportRequest) -> list[int]:
    fields = UnknownFieldSet(request)
    return sorted({fields[i].field_number for i in range(len(fields))}) if len(fields) else []


def decoded(request: type[_Request], data: bytes) -> _Request:
    """Return a request from its binary form. Raises InvalidReport if it is malformed."""
    try:
        return request.FromString(data)
    except DecodeError:
        violation = Violation("request", f"not a {request.DESCRIPTOR.full_name}")
        raise InvalidReport(violation) from None


def _has_lost(report: Answers) -> bool:
    """Return whether a key of a report is left out that had a value."""
    return any(each.reason != answers.Reason.IGNORED_REASON_EMPTY for each in report.ignored)


def _word(reason: wire.IgnoredReason) -> str:
    return wire.IgnoredReason.Name(reason).removeprefix("IGNORED_REASON_").lower()


def _taken(week: Week, ignored: Sequence[answers.Ignored]) -> wire.SubmitReportResponse:
    if not ignored:
        return _all_taken(week)
    return wire.SubmitReportResponse(
        week=str(week),
        ignored=[
            wire.IgnoredKey(
                key=entry.key,
                number=entry.number,
                reason=entry.reason,
                message=str(entry.violation),
            )
            for entry in ignored
        ],
    )


@lru_cache(maxsize=16)
def _all_taken(week: Week) -> wire.SubmitReportResponse:
    """Return the response to almost every report; it is shared, so no caller may change it."""
    return wire.SubmitReportResponse(week=str(week))


def _week_or_none(field: str, request: wire.GetStatisticsRequest) -> Week | None:
    text: str = getattr(request, field)
    if not text:
        return None
    try:
        return Week.parse(text)
    except ValueError as error:
        raise InvalidReport(Violation(field, str(error))) from None
