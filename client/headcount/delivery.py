"""One week's report on its way: plan, freeze, send, and what the server's answer means."""

from __future__ import annotations

from contextlib import suppress

from headcount import outbox
from headcount.consent import within
from headcount.errors import EndpointError, StateError
from headcount.outcome import Outcome, Preview
from headcount.project import LEVELS
from headcount.schedule import DROPPED, SENT, Plan, draw, finished, holds, is_due, put_off
from headcount.week import Week

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from collections.abc import Callable

    from headcount.decision import Decision
    from headcount.project import Project
    from headcount.report import Report
    from headcount.state import StateDirectory
    from headcount.transport import Answer, Transport

TIMEOUT = 10.0
"""Seconds that one attempt may take."""

TOKEN_SIZE = 16

_GIVEN_UP = frozenset({
    "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "FAILED_PRECONDITION",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "OUT_OF_RANGE", "ALREADY_EXISTS",
})  # fmt: skip


class Delivery:
    """Brings a project's report from its plan to its answer.

    The decision is asked anew whenever it matters: it may change while a
    report is on its way.
    """

    def __init__(  # noqa: PLR0913 - time, chance and place come in as arguments
        self,
        *,
        project: Project,
        collectors: object,
        directory: StateDirectory,
        transport: Callable[[], Transport],
        decision: Decision,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._project = project
        self._collectors = collectors
        self._directory = directory
        self._transport = transport
        self._decision = decision
        self._clock = clock
        self._chance = chance

    def plan(self) -> Plan | None:
        """The plan that stands, drawn now if need be; None where none can be."""
        plan = outbox.read_plan(self._directory)
        if plan is not None and holds(plan, self._clock()):
            return plan
        try:
            with self._directory.sending() as held:
                return self._planned() if held else None
        finally:
            self._leave_no_trace()

    def run(self, *, by_hand: bool = False) -> Outcome:
        """Sends what is due, or by hand whatever this week has not sent yet."""
        if not self._decision.state().on:
            return Outcome.OFF
        try:
            with self._directory.sending() as held:
                return self._chosen(by_hand=by_hand) if held else Outcome.BUSY
        except StateError:
            if self._decision.state().on:
                raise
            return Outcome.OFF  # withdrawn under our hands
        finally:
            self._leave_no_trace()

    def _leave_no_trace(self) -> None:
        """Cleans up where somebody said no while we were at it.

        They write the answer down and then remove our files; we write files
        and then look at the answer. So whoever comes second sees the other.
        """
        rule = self._decision.state().rule
        if rule == "denied":
            self._directory.withdraw()
        elif rule == "undecided":
            self._directory.forget()

    def _chosen(self, *, by_hand: bool) -> Outcome:
        """What to do with the plan; the caller holds the lock."""
        plan = self._planned()
        now = self._clock()
        if plan is None and by_hand and Week.at(now).label != self._decision.spent():
            plan = Plan(week=Week.at(now).label, moment=now)
        if plan is None or plan.done or not (by_hand or is_due(plan, now)):
            return Outcome.NOT_DUE
        return self._attempt(plan)

    def _planned(self) -> Plan | None:
        """The plan that stands; the caller holds the lock."""
        now = self._clock()
        plan = outbox.read_plan(self._directory)
        if plan is None or not holds(plan, now):
            plan = draw(now, self._decision.not_before(), self._chance())
            if plan is not None:
                outbox.thaw(self._directory)
                outbox.write_plan(self._directory, plan)
        return plan

    def _attempt(self, plan: Plan) -> Outcome:
        report = self._frozen(plan)
        if report is None:
            report = self._collected(plan.week, self._decision.state().keys)
            if not report.values:
                outbox.write_plan(self._directory, finished(plan, DROPPED))
                return Outcome.DROPPED.because("no collector had an answer")
            outbox.freeze(self._directory, report)
        secret = self._directory.secret()
        state = self._decision.state()
        if not state.on:
            return Outcome.OFF
        if state.keys != report.asked:
            outbox.thaw(self._directory)
            return Outcome.LATER.because("the answer changed while the report was made")
        week, answer = self._sent(report, secret, plan.week)
        return self._settled(plan, report, week, answer)

    def _frozen(self, plan: Plan) -> Report | None:
        """The frozen report, where it still is what this week and this consent send."""
        report = outbox.frozen(self._directory)
        if (
            report is None
            or report.week != plan.week
            or report.registry_digest != self._project.digest
            or report.asked != self._decision.state().keys
        ):
            return None
        return report

    def preview(self) -> Preview:
        """What is sent next; values that are not frozen stay in memory."""
        now = self._clock()
        state = self._decision.state()
        plan = outbox.read_plan(self._directory)
        if plan is not None and (plan.done or not holds(plan, now)):
            plan = None
        report = self._frozen(plan) if plan and state.on else None
        frozen = report is not None
        if report is None:
            proposed = tuple(key.name for key in within(self._project, LEVELS[0], (), now))
            week = plan.week if plan else Week.at(now).label
            report = self._collected(week, state.keys if state.on else proposed)
        return Preview(
            week=report.week,
            frozen=frozen,
            values={name: report.values.get(name) for name in report.asked},
            json=report.text,
            digest=report.digest,
        )

    def _collected(self, week: str, asked: tuple[str, ...]) -> Report:
        """A report of what the collectors say now."""
        from headcount.report import collected, compose  # noqa: PLC0415 - only where one is built

        answers = collected(self._project, self._collectors, asked)
        return compose(self._project, answers, week=week, asked=asked)

    def _sent(self, report: Report, secret: bytes, week: str) -> tuple[str, Answer]:
        """The server's answer, and the week it was given for."""
        answer = self._submitted(report, secret, week)
        if answer.code == "FAILED_PRECONDITION" and answer.open_weeks:
            try:
                week = Week.named(answer.open_weeks[0]).label
            except ValueError:
                return week, answer
            answer = self._submitted(report, secret, week)
        return week, answer

    def _submitted(self, report: Report, secret: bytes, week: str) -> Answer:
        from headcount.transport import Answer, Request  # noqa: PLC0415 - only where one is sent

        request = Request(
            week=week,
            token=token(secret, self._project.name, week),
            registry_digest=report.registry_digest,
            project=report.project,
            report=report.data,
        )
        try:
            return self._transport().submit(request, TIMEOUT)
        except EndpointError as error:
            return Answer(code="UNIMPLEMENTED", message=str(error))
        except Exception as error:  # noqa: BLE001 - a broken transport is a failed attempt
            return Answer(code="INTERNAL", message=f"{type(error).__name__}: {error}")

    def _settled(self, plan: Plan, report: Report, week: str, answer: Answer) -> Outcome:
        now = self._clock()
        if answer.code == "OK":
            # It is counted, whatever becomes of our own files: the same report
            # sent again would have the same token.
            with suppress(StateError):
                outbox.write_plan(self._directory, finished(plan, SENT))
                outbox.keep_copy(self._directory, report, at=now, week=week)
                outbox.thaw(self._directory)
            return Outcome("SENT", ignored=answer.ignored)
        why = f"{answer.code}: {answer.message}"
        if answer.code in _GIVEN_UP:
            plan = finished(plan, DROPPED)
        else:
            plan = put_off(plan, now, self._chance(), busy=answer.code == "RESOURCE_EXHAUSTED")
        outbox.write_plan(self._directory, plan)
        if plan.done:
            outbox.thaw(self._directory)
            return Outcome.DROPPED.because(why)
        return Outcome.LATER.because(why)


def token(secret: bytes, project: str, week: str) -> bytes:
    """The 16 bytes that make this installation count once in a week."""
    import hmac  # noqa: PLC0415 - only where a report is sent

    return hmac.digest(secret, f"{project}:{week}".encode(), "sha256")[:TOKEN_SIZE]
