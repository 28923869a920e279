"""The three calls of TelemetryService, apart from how they are carried.

Each takes a request message and returns a response message, or raises a
Refusal; gRPC and HTTP both stand on this.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from google.protobuf.unknown_fields import UnknownFieldSet
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server import answers, statistics
from headcount_server.clock import Clock
from headcount_server.errors import InvalidReport, Refusal, UnknownProject, Violation, WeekNotOpen
from headcount_server.schema import REPORT_PREFIX, REPORT_SUFFIX, Key, Project, Schema
from headcount_server.store import Entry, Outcome, Store
from headcount_server.week import Week
from headcount_server.weeks import Policy, Weeks
from headcount_server.writer import Writer

TOKEN_BYTES = 16
MAX_WEEKS = 53
"""Most weeks that one GetStatistics call returns: a year."""


class Meter(Protocol):
    """Hears what became of each report."""

    def answered(self, outcome: str) -> None:
        """A report was counted, was a duplicate, or was refused with this code."""
        ...

    def ignored(self, reason: str) -> None:
        """A key was left out of a report."""
        ...


class Service:
    """Answers SubmitReport, GetRegistry and GetStatistics."""

    def __init__(  # noqa: PLR0913 - the composition root hands over one of each
        self,
        schema: Schema,
        store: Store,
        writer: Writer,
        weeks: Weeks,
        policy: Policy,
        clock: Clock,
        meter: Meter,
    ) -> None:
        self._schema = schema
        self._store = store
        self._writer = writer
        self._weeks = weeks
        self._policy = policy
        self._clock = clock
        self._meter = meter

    def submit_report(self, request: wire.SubmitReportRequest) -> wire.SubmitReportResponse:
        """Count a report; returns once it is durable."""
        try:
            response, outcome = self._submit(request)
        except Refusal as refusal:
            self._meter.answered(refusal.code.name.lower())
            raise
        self._meter.answered(outcome.value)
        return response

    def _submit(
        self, request: wire.SubmitReportRequest
    ) -> tuple[wire.SubmitReportResponse, Outcome]:
        week, project = self._open_envelope(request)
        self._weeks.check(week)
        report = answers.read(project, request.report.value, self._clock.now().date())
        outcome = self._writer.count(Entry(week, project, request.token, report))
        if outcome is Outcome.CLOSED:
            raise WeekNotOpen(week, tuple(map(str, self._weeks.open())))
        for ignored in report.ignored:
            self._meter.ignored(wire.IgnoredReason.Name(ignored.reason).lower())
        return _taken(week, report.ignored), outcome

    def _open_envelope(self, request: wire.SubmitReportRequest) -> tuple[Week, Project]:
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
        name = _project_name(request.report.type_url)
        if name is None:
            form = f"{REPORT_PREFIX}<project>{REPORT_SUFFIX}"
            violations.append(Violation("report", f"its type is not {form}"))
        if violations or week is None or name is None:
            raise InvalidReport(*violations)
        return week, self._project(name)

    def _project(self, name: str) -> Project:
        try:
            return self._schema.projects[name]
        except KeyError:
            raise UnknownProject(f"project: {name!r:.50} is not in this registry") from None

    def get_registry(self, request: wire.GetRegistryRequest) -> wire.GetRegistryResponse:
        """Tell what is collected, why, and under which policy."""
        projects: Iterable[Project] = self._schema.projects.values()
        if request.project:
            projects = [self._project(request.project)]
        current = Week.of(self._clock.now())
        terms = self._weeks.terms()
        policy = wire.Policy(threshold=terms.threshold, open_weeks=map(str, self._weeks.open()))
        policy.grace.FromTimedelta(terms.closes - current.end)
        return wire.GetRegistryResponse(projects=map(_describe, projects), policy=policy)

    def get_statistics(self, request: wire.GetStatisticsRequest) -> wire.GetStatisticsResponse:
        """Return published totals."""
        first, last = _week_or_none("first_week", request), _week_or_none("last_week", request)
        limit = MAX_WEEKS if first else 1
        weeks = self._store.published(first, last, limit)
        if request.project and request.project not in self._schema.projects:
            known = {project.name for week in weeks for project in week.projects}
            if request.project not in known:
                self._project(request.project)
        return statistics.response(weeks, request.project)


def _unknown_fields(request: wire.SubmitReportRequest) -> list[int]:
    fields = UnknownFieldSet(request)
    return sorted({fields[i].field_number for i in range(len(fields))})


def _project_name(type_url: str) -> str | None:
    full_name = type_url.rpartition("/")[2]
    if not (full_name.startswith(REPORT_PREFIX) and full_name.endswith(REPORT_SUFFIX)):
        return None
    return full_name[len(REPORT_PREFIX) : -len(REPORT_SUFFIX)]


def _taken(week: Week, ignored: Iterable[answers.Ignored]) -> wire.SubmitReportResponse:
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


def _week_or_none(field: str, request: wire.GetStatisticsRequest) -> Week | None:
    text: str = getattr(request, field)
    if not text:
        return None
    try:
        return Week.parse(text)
    except ValueError as error:
        raise InvalidReport(Violation(field, str(error))) from None


def _describe(project: Project) -> wire.Project:
    return wire.Project(
        declaration=project.declaration, keys=map(_describe_key, project.keys.values())
    )


def _describe_key(key: Key) -> wire.Key:
    values = [wire.Value(number=number, text=text) for number, text in key.values.items()]
    return wire.Key(number=key.number, declaration=key.declaration, values=values)
