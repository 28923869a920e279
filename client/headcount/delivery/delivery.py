"""The delivery of one week's report: plan it, freeze it, send it, interpret the answer."""

from __future__ import annotations

from contextlib import suppress

from headcount.consent.state import within
from headcount.delivery import history, outbox
from headcount.delivery.outcome import Outcome
from headcount.delivery.preview import Preview
from headcount.delivery.schedule import (
    DROPPED,
    PAUSES,
    SENT,
    SKIPPED,
    Plan,
    draw,
    finished,
    holds,
    is_due,
    put_off,
)
from headcount.delivery.submission import Submission
from headcount.model.errors import StateError
from headcount.model.project import LEVELS
from headcount.model.sentence import Sentence
from headcount.model.week import Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headcount.consent.decision import Decision
    from headcount.model.deadline import Deadline
    from headcount.model.project import Project
    from headcount.model.report import Report
    from headcount.reporting.collectors import Collected
    from headcount.storage.state_directory import StateDirectory
    from headcount.transport.messages import Answer, Ignored, Transport

DEADLINE = 20.0
"""Seconds that collecting and sending may take together, unless the host says otherwise."""

_GIVEN_UP = frozenset({
    "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "FAILED_PRECONDITION",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "OUT_OF_RANGE", "ALREADY_EXISTS",
})  # fmt: skip


class Delivery:
    """The way of a project's report, from its plan to the server's answer.

    The decision is read again at each step, because it may change during a delivery.
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
        patience: float | None,
    ) -> None:
        self._project = project
        self._collectors = collectors
        self._directory = directory
        self._transport = transport
        self._decision = decision
        self._clock = clock
        self._chance = chance
        self._patience = patience
        self._deadline: Deadline | None = None

    def plan(self) -> Plan | None:
        """Return the plan in force, drawn now if necessary; None if none can be drawn."""
        plan = outbox.read_plan(self._directory)
        if plan is not None and holds(plan, self._clock()):
            return plan
        try:
            with self._directory.sending() as held:
                return self._planned() if held else None
        finally:
            self._decision.leave_no_trace()

    def run(self, *, by_hand: bool = False, seconds: float = DEADLINE) -> Outcome:
        """Send the report if it is due; by hand, send it if this week has not sent one."""
        from headcount.model.deadline import Deadline

        self._deadline = Deadline(seconds)
        if not self._decision.state().on:
            return Outcome.OFF
        try:
            with self._directory.sending() as held:
                return self._chosen(by_hand=by_hand) if held else Outcome.BUSY
        except StateError:
            if self._decision.state().on:
                raise
            return Outcome.OFF  # consent was withdrawn meanwhile
        finally:
            self._decision.leave_no_trace()

    def hand_over(self, settings: dict[str, object] | None, send: Callable[[], object]) -> Outcome:
        """Let another process send the report if it is due; `settings` tell it how to connect.

        Without them, or if an earlier process was lost, call `send` in a thread of the
        host.
        """
        from headcount.delivery import background

        now = self._clock()
        try:
            with self._directory.sending() as held:
                if not held:
                    return Outcome.BUSY
                plan = self._planned()
                if plan is None or not is_due(plan, now):
                    return Outcome.NOT_DUE
                # Reserved for an hour: no attempt follows sooner, whatever becomes of this one.
                outbox.write_plan(self._directory, plan.replaced(moment=now + PAUSES[0]))
                lost = background.lost(self._directory, now)
                if settings is not None and not lost:
                    self._leave_errand(settings, plan.week, now)
            if settings is not None and not lost:
                lost = background.start(self._directory)
            if lost:
                background.give_up(self._directory, lost, now=now)
            if (lost or settings is None) and not background.send_beside(send):
                self._directory.drop(background.ERRAND)  # failed too: try a process next
            return Outcome.STARTED
        finally:
            self._decision.leave_no_trace()

    def _leave_errand(self, settings: dict[str, object], week: str, now: float) -> None:
        """Collect answers within a second, because the host waits, and store the errand."""
        from headcount.delivery import background

        if self._patience is not None:
            self._patience = min(self._patience, background.PATIENCE)
        collected = self._collected(self._decision.state().keys, week)
        background.leave(self._directory, self._project, collected, settings, now=now)

    def _chosen(self, *, by_hand: bool) -> Outcome:
        """Carry out the plan, if an attempt is due; the caller holds the lock."""
        plan = self._planned()
        now = self._clock()
        idle = plan is None or plan.done == SKIPPED
        if idle and by_hand and Week.at(now).label != self._decision.spent():
            plan = Plan(week=Week.at(now).label, moment=now)
        if plan is None or plan.done or not (by_hand or is_due(plan, now)):
            return Outcome.NOT_DUE
        return self._attempt(plan)

    def _planned(self) -> Plan | None:
        """Return the plan in force; the caller holds the lock."""
        now = self._clock()
        plan = outbox.read_plan(self._directory)
        if plan is None or not holds(plan, now):
            first = plan is None
            plan = draw(now, self._decision.not_before(), self._chance(), first=first)
            if plan is not None:
                self._directory.discard_report()
                outbox.write_plan(self._directory, plan)
        return plan

    def _attempt(self, plan: Plan) -> Outcome:
        report = self._frozen(plan)
        if report is None:
            asked = self._decision.state().keys
            collected = self._collected(asked, plan.week)
            outbox.write_notes(self._directory, collected.notes)
            report = self._composed(plan.week, asked, collected)
            if not report.values:
                outbox.write_plan(self._directory, finished(plan, DROPPED))
                return Outcome.DROPPED.because(Sentence("no collector had an answer"))
            outbox.save_report(self._directory, report)
        state = self._decision.state()
        if not state.on:
            return Outcome.OFF
        if state.keys != report.asked:
            self._directory.discard_report()
            return Outcome.LATER.because(Sentence("the answer changed while the report was made"))
        entry = history.open_entry(self._directory, report, at=self._clock())
        submission = Submission(report, self._directory, self._transport, self._deadline)
        week, answer = submission.send()
        outcome = self._settled(plan, answer)
        with suppress(StateError):  # consent was withdrawn meanwhile: keep no answer
            history.keep(self._directory, entry.closed(outcome, at=self._clock(), week=week))
        return outcome

    def _frozen(self, plan: Plan) -> Report | None:
        """Return the frozen report, if it still fits the week, the registry and the consent."""
        report = outbox.load_report(self._directory)
        if (
            report is None
            or report.week != plan.week
            or report.registry_digest != self._project.digest
            or report.asked != self._decision.state().keys
        ):
            return None
        return report

    def preview(self, level: str | None = None) -> Preview:
        """Return the next report, or the report of a yes to a level, which stays in memory."""
        now = self._clock()
        state = self._decision.state()
        plan = outbox.read_plan(self._directory)
        if plan is not None and (plan.done or not holds(plan, now)):
            plan = None
        report = self._frozen(plan) if plan and state.on and level is None else None
        frozen = report is not None
        notes: Mapping[str, str] = outbox.read_notes(self._directory) if frozen else {}
        undeclared: Mapping[str, tuple[str, ...]] = {}
        if report is None:
            week = plan.week if plan else Week.at(now).label
            asked = state.keys if state.on and level is None else self._proposed(level)
            collected = self._collected(asked, week, as_agreed=level is None)
            notes, undeclared = collected.notes, collected.undeclared
            report = self._composed(week, asked, collected)
        return Preview(
            week=report.week,
            frozen=frozen,
            values={name: report.values.get(name) for name in report.asked},
            json=report.text,
            digest=report.digest,
            notes=notes,
            undeclared=undeclared,
        )

    def _proposed(self, level: str | None) -> tuple[str, ...]:
        """Return the keys that a yes would send, to a level or to the level answered before."""
        record = self._decision.record()  # a switch may be off, but the answer still stands
        if level is None:
            level = record.level if record and record.terms else LEVELS[0]
        refused = record.refused if record else ()
        return tuple(key.name for key in within(self._project, level, refused, self._clock()))

    def _collected(self, asked: tuple[str, ...], week: str, *, as_agreed: bool = True) -> Collected:
        """Return the present answers for the report of a week.

        Collectors leave half of the time to the network. Answers to keys that have become
        wider are cut to the terms of consent.
        """
        from headcount.reporting import installation_age
        from headcount.reporting.collectors import collect

        seconds = self._patience
        if seconds is not None and self._deadline is not None:
            seconds = min(seconds, self._deadline.left / 2)
        first = self._directory.first_week(week)
        own = installation_age.answers(self._project, asked, first, week)
        collected = collect(self._project, self._collectors, {*asked} - own.keys(), seconds)
        collected = collected.replaced(answers={**collected.answers, **own})
        return collected.within(self._decision.limited_keys()) if as_agreed else collected

    def _composed(self, week: str, asked: tuple[str, ...], collected: Collected) -> Report:
        """Return the report with the collected answers."""
        from headcount.reporting.report import compose

        return compose(self._project, collected.answers, week=week, asked=asked)

    def _settled(self, plan: Plan, answer: Answer) -> Outcome:
        if answer.code == "OK":
            # It is counted, whatever becomes of our own files: a repetition would have
            # the same token.
            with suppress(StateError):
                outbox.write_plan(self._directory, finished(plan, SENT))
                self._directory.discard_report()
            return Outcome(name="SENT", ignored=named(self._project, answer.ignored))
        why = Sentence("{code}: {why}", code=answer.code, why=answer.message)
        if answer.code in _GIVEN_UP:
            plan = finished(plan, DROPPED)
        else:
            busy = answer.code == "RESOURCE_EXHAUSTED"
            plan = put_off(plan, self._clock(), self._chance(), busy=busy)
        outbox.write_plan(self._directory, plan)
        if plan.done:
            self._directory.discard_report()
            return Outcome.DROPPED.because(why)
        return Outcome.LATER.because(why)


def named(project: Project, ignored: tuple[Ignored, ...]) -> tuple[Ignored, ...]:
    """Return the keys that a server left out, under the names that people know.

    A server that is older than this client knows only their numbers.
    """
    names = {key.number: key.name for key in project.keys}
    return tuple(
        item
        if item.key or item.number not in names
        else item.replaced(
            key=names[item.number], message=Sentence("the server does not know this key yet")
        )
        for item in ignored
    )
