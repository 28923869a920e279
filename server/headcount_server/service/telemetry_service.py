"""The three calls of TelemetryService, without their transport.

Each takes a request message and returns a response message, or raises a Refusal. gRPC and
HTTP both build on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol, TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.clock import Clock
from headcount_server.counting import answers
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.errors import InvalidReport, Refusal, UnknownProject, Violation, WeekNotOpen
from headcount_server.publication import response as statistics
from headcount_server.publication.terms import Policy
from headcount_server.registry.current import CurrentRegistry
from headcount_server.registry.response import describe
from headcount_server.registry.schema import (
    REPORT_PREFIX,
    REPORT_SUFFIX,
    Project,
    Schema,
    project_name,
)
from headcount_server.service.week_cycle import WeekCycle
from headcount_server.store.contract import Entry, Outcome, Store
from headcount_server.store.writer import Writer
from headcount_server.week import Week

SERVICE = wire.DESCRIPTOR.services_by_name["TelemetryService"].full_name
TOKEN_BYTES = 16
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
        self._reader = AnswerCache()

    def submit_report(
        self,
        request: wire.SubmitReportRequest,
        left_out: Sequence[answers.Ignored] = (),
        schema: Schema | None = None,
        network: bytes | None = None,
    ) -> wire.SubmitReportResponse:
        """Count a report; return once it is durable.

        `network` is the sender's network, which limits the new values that the report may
        introduce; it is neither kept nor reported. `left_out` are keys that the protobuf
        form of the report does not hold. `schema` made that form, if the caller did not:
        one call keeps to one snapshot of the registry. Raises Refusal.
        """
        schema = schema or self._registry.schema
        try:
            response, outcome = self._submit(request, left_out, schema, network)
        except Refusal as refusal:
            self._meter.answered(refusal.code.name.lower())
            raise
        self._meter.answered(outcome.value)
        return response

    def unknown_project(self, name: str) -> UnknownProject:
        """Record a report of a project that is not in the registry; return its refusal."""
        refusal = _unknown(name)
        self._meter.answered(refusal.code.name.lower())
        return refusal

    def _submit(
        self,
        request: wire.SubmitReportRequest,
        left_out: Sequence[answers.Ignored],
        schema: Schema,
        network: bytes | None,
    ) -> tuple[wire.SubmitReportResponse, Outcome]:
        week, project = _open_envelope(request, schema)
        self._weeks.check(week)
        report = self._read(project, request.report.value, left_out)
        outcome = self._writer.count(Entry(week, project, request.token, report, network))
        if outcome is Outcome.CLOSED:
            raise WeekNotOpen(week, tuple(map(str, self._weeks.open())))
        for ignored in report.ignored:
            self._meter.ignored(project.name, _word(ignored.reason))
        return _taken(week, report.ignored), outcome

    def _read(
        self, project: Project, data: bytes, left_out: Sequence[answers.Ignored]
    ) -> answers.Answers:
        now = self._clock.now()
        how = "refused"
        try:
            report = _with(left_out, self._reader.read(project, data, now.date()))
            lost = any(
                each.reason != answers.Reason.IGNORED_REASON_EMPTY for each in report.ignored
            )
            how = "partial" if lost else "complete"
        finally:
            self._meter.understood(project.name, how, now.timestamp())
        return report

    def get_registry(self, request: wire.GetRegistryRequest) -> wire.GetRegistryResponse:
        """Return what is collected, why, and under which policy."""
        schema = self._registry.schema
        projects: Iterable[Project] = schema.projects.values()
        if request.project:
            projects = [_project(schema, request.project)]
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
            _project(schema, request.project)
        return statistics.response(weeks, request.project, schema)


def _open_envelope(request: wire.SubmitReportRequest, schema: Schema) -> tuple[Week, Project]:
    violations = [
        Violation(f"field {field}", "this service knows no such field")
        for field in _unknown_fields(request)
    ]
    week = None
    try:
        week = Week.parse(request.week)
    except ValueError as error:
        violations.append(Violation("week", str(error)))
    if len(request.token) != TOKEN_BYTES:
        length = len(request.token)
        violations.append(Violation("token", f"{length} bytes, exactly {TOKEN_BYTES}"))
    name = project_name(request.report.type_url)
    if name is None:
        form = f"{REPORT_PREFIX}<project>{REPORT_SUFFIX}"
        violations.append(Violation("report", f"its type is not {form}"))
    if violations or week is None or name is None:
        raise InvalidReport(*violations)
    return week, _project(schema, name)


def _project(schema: Schema, name: str) -> Project:
    try:
        return schema.projects[name]
    except KeyError:
        raise _unknown(name) from None


def _unknown(name: str) -> UnknownProject:
    return UnknownProject(f"project: {name!r:.50} is not in this registry")


def _unknown_fields(request: wire.SubmitReportRequest) -> list[int]:
    fields = UnknownFieldSet(request)
    return sorted({fields[i].field_number for i in range(len(fields))})


def decoded(request: type[_Request], data: bytes) -> _Request:
    """Return a request from its binary form. Raises InvalidReport if it is malformed."""
    try:
        return request.FromString(data)
    except DecodeError:
        violation = Violation("request", f"not a {request.DESCRIPTOR.full_name}")
        raise InvalidReport(violation) from None


def _with(left_out: Sequence[answers.Ignored], report: answers.Answers) -> answers.Answers:
    """Return the same answers with more keys left out.

    Raises InvalidReport if no answer remains.
    """
    if not left_out:
        return report
    if not report.given:
        raise InvalidReport(*(entry.violation for entry in left_out))
    ignored = (*left_out, *report.ignored)[: answers.MAX_IGNORED]
    return replace(report, ignored=ignored)


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
