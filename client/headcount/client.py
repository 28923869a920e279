"""The client that a host embeds; a generated package binds it to its project."""

from __future__ import annotations

import os
import time

from headcount import answers, outbox
from headcount.consent import GRANTED, QUIET, Record, State, effective, overruled, within
from headcount.errors import HeadcountError
from headcount.outcome import Outcome, Preview
from headcount.project import LEVELS
from headcount.record import decode, encode, unreadable
from headcount.schedule import holds, is_due
from headcount.state import StateDirectory
from headcount.week import Week

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike

    from headcount.delivery import Delivery
    from headcount.project import Project
    from headcount.schedule import Plan
    from headcount.transport import Transport


def chance() -> float:
    """A random number, uniform in [0, 1)."""
    return int.from_bytes(os.urandom(6), "big") / 2**48


class Client:
    """Consent, the weekly report and its sending, for one project on one host.

    `collectors` has a method per key; `state_directory` belongs to this host
    and is made when something must be kept. `endpoint` overrides the
    project's, `transport` both. EndpointError where the endpoint cannot be
    used. Methods about consent raise ConsentError or StateError; `due`,
    `next_due`, `send_if_due` and `send_now` raise nothing and print nothing.
    """

    def __init__(  # noqa: PLR0913 - time, chance and place come in as arguments
        self,
        project: Project,
        collectors: object,
        *,
        state_directory: str | PathLike[str],
        endpoint: str | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.time,
        randomness: Callable[[], float] = chance,
        transport: Transport | None = None,
        administrator_off: bool = False,
        allow_plaintext: bool = False,
    ) -> None:
        self.project = project
        self._collectors = collectors
        self._directory = StateDirectory(state_directory, project.name)
        self._endpoint = project.endpoint if endpoint is None else endpoint
        self._environment = environment
        self._clock = clock
        self._randomness = randomness
        self._transport = transport
        self._administrator_off = administrator_off
        self._allow_plaintext = allow_plaintext
        if transport is None and endpoint is not None:
            from headcount.transport import Endpoint  # noqa: PLC0415 - only where one is named

            Endpoint.parse(endpoint, allow_plaintext=allow_plaintext)

    def state(self) -> State:
        """The effective state and the rule that decided it."""
        off = self._overruled()
        return off if off is not None else self._effective(self._record())

    def grant(
        self, level: str = LEVELS[0], refused: Iterable[str] = (), via: str = "api"
    ) -> None:
        """Records a yes to the present keys of a level, but for the refused ones."""
        names = tuple(refused)
        self._change(
            lambda record: answers.granted(
                self.project, record, level=level, refused=names, via=via, now=self._clock()
            )
        )

    def deny(self, via: str = "api") -> None:
        """Records a no, for good, and removes all that was kept for sending."""
        self._change(lambda record: answers.denied(record, via=via, now=self._clock()))

    def notice_shown(self) -> None:
        """Records that the notice was shown; only its first showing counts."""
        self._change(lambda record: answers.noticed(self.project, record, now=self._clock()))

    def refuse(self, key: str) -> None:
        """Leaves one key out from now on; its collector is not called again."""
        self._change(lambda record: answers.refused(self.project, record, key))

    def allow(self, key: str) -> None:
        """Agrees to one key on its present terms, refused or waiting before."""
        self._change(lambda record: answers.allowed(self.project, record, key))

    def set_level(self, level: str) -> None:
        """Changes the level of a yes; agrees to the present keys that it adds."""
        self._change(lambda record: answers.levelled(self.project, record, level))

    def forget(self) -> None:
        """Removes every file of this project, the decision included."""
        self._directory.forget()

    def preview(self) -> Preview:
        """What is sent next: the frozen report if there is one, else what collectors say now.

        Where nothing is agreed to, the keys that a yes to the level would send.
        """
        now = self._clock()
        delivery = self._delivery()
        plan = outbox.read_plan(self._directory)
        state = self.state()
        standing = plan if plan is not None and holds(plan, now) else None
        report = delivery.frozen(standing) if standing and state.on else None
        week = standing.week if standing and not standing.done else Week.at(now).label
        frozen = report is not None
        if report is None:
            report = delivery.collected(week, state.keys if state.on else self._proposed(now))
        return Preview(
            week=week,
            frozen=frozen,
            values={name: report.values.get(name) for name in report.asked},
            json=report.text,
            digest=report.digest,
        )

    def due(self) -> bool:
        """Whether a report should leave now. Cheap: two small files at most."""
        try:
            plan = self._plan()
            return plan is not None and is_due(plan, self._clock()) and self.state().on
        except (HeadcountError, OSError):
            return False

    def next_due(self) -> float | None:
        """When to ask again (unix seconds); None where only a person can change the answer."""
        try:
            return self._next_due()
        except (HeadcountError, OSError):
            return None

    def send_if_due(self) -> Outcome:
        """Sends the week's report if its moment has come; takes seconds at most."""
        return self._send(by_hand=False) if self.due() else self._not_due()

    def send_now(self) -> Outcome:
        """Sends the week's report before its moment, because a person asked for it."""
        return self._send(by_hand=True)

    def _send(self, *, by_hand: bool) -> Outcome:
        try:
            return self._delivery().run(by_hand=by_hand)
        except Exception as error:  # noqa: BLE001 - the host never fails because of us
            import logging  # noqa: PLC0415 - only where something failed

            logging.getLogger("headcount").debug("sending failed", exc_info=True)
            return Outcome.LATER.because(f"{type(error).__name__}: {error}")

    def _not_due(self) -> Outcome:
        return Outcome.NOT_DUE if self.state().on else Outcome.OFF

    def _next_due(self) -> float | None:
        plan = self._plan()
        now = self._clock()
        if plan is not None and self.state().on:
            return Week.named(plan.week).end if plan.done else plan.moment
        state = self.state()
        if state.on:
            return max(Week.at(now).end, self._not_before())

    def _plan(self) -> Plan | None:
        """The plan that stands; drawn only where the state is on."""
        plan = outbox.read_plan(self._directory)
        if plan is not None and holds(plan, self._clock()):
            return plan
        return self._delivery().plan() if self.state().on else None

    def _overruled(self) -> State | None:
        return overruled(self._environment, administrator_off=self._administrator_off)

    def _effective(self, record: Record | None) -> State:
        return effective(
            self.project,
            record,
            now=self._clock(),
            environment=self._environment,
            administrator_off=self._administrator_off,
        )

    def _record(self) -> Record | None:
        """The decision on disk; one that cannot be read counts as none."""
        try:
            data = self._directory.read_decision()
        except HeadcountError as error:
            return unreadable(f"{error}.")
        return None if data is None else decode(data, self._directory.decision)

    def _change(self, event: Callable[[Record | None], Record | None]) -> None:
        """Applies an answer to the record; `None` from the event changes nothing."""
        before = self._record()
        if event(before) is None:
            return
        with self._directory.changing() as held:
            if not held:
                raise answers.taken(self._directory.decision)
            record = event(self._record())
            if record is None:
                return
            self._directory.write_decision(encode(record))
            if record.decision != GRANTED and not self._effective(record).on:
                self._directory.withdraw()
                return
            self._carry_out(record)
