"""The client that a host embeds; a generated package binds it to its project."""

from __future__ import annotations

import os
import time

from headcount.delivery import outbox
from headcount.delivery.schedule import holds, is_due
from headcount.model.errors import HeadcountError
from headcount.model.week import Week
from headcount.site_owner import SiteOwner
from headcount.storage.state_directory import SHARED, StateDirectory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from headcount.consent.decision import Decision
    from headcount.consent.state import State
    from headcount.delivery.delivery import Delivery
    from headcount.delivery.outcome import Outcome
    from headcount.delivery.preview import Preview
    from headcount.delivery.schedule import Plan
    from headcount.delivery.scheduler import Scheduler
    from headcount.model.project import Project
    from headcount.model.report import Wire
    from headcount.reporting.live_check import HostCheck
    from headcount.transport.messages import Transport


def chance() -> float:
    """Return a random number, uniform in [0, 1)."""
    return int.from_bytes(os.urandom(6), "big") / 2**48


class Client(SiteOwner):
    """Consent, the weekly report and its sending, for one project on one host.

    `collectors` has a method per key. `state_directory` belongs to this host and is
    created when something must be stored. `endpoint` overrides the project's endpoint,
    and `transport` overrides both. Raises EndpointError if `endpoint` cannot be used, or
    if the project has a relay: nothing may go around it.
    `root_certificates` (PEM or DER) are trusted instead of the usual ones. `patience` is the
    number of seconds that all collectors together may take. They run in a separate
    thread; with None they run in the caller's thread, without a time limit.
    `off_file` is the administrator's switch on this machine: None for the usual
    place, `""` to look for none.
    `due`, `next_due` and the three ways to send raise nothing and print nothing.
    Warns (DeprecationWarning), once per process, of a collector whose key another one replaces.
    The base class has the methods for the site owner's answers and status.
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
        root_certificates: bytes | None = None,
        patience: float | None = 5.0,
        off_file: str | None = None,
    ) -> None:
        self.project = project
        self._collectors = collectors
        self._directory = StateDirectory(
            state_directory, project.name, shared_secret=environment.get(SHARED, "")
        )
        self._endpoint = project.endpoint if endpoint is None else endpoint
        self._environment = environment
        self._clock = clock
        self._chance = randomness
        self._transport = transport
        self._administrator_off = administrator_off
        self._allow_plaintext = allow_plaintext
        self._roots = root_certificates
        self._patience = patience
        self._off_file = off_file
        self._decided: Decision | None = None
        if transport is None and endpoint is not None:
            from headcount.transport.endpoint import checked

            checked(endpoint, project.relay, allow_plaintext=allow_plaintext)
        if any(key.successor for key in project.keys):
            from headcount.reporting import deprecation

            deprecation.warn(project, collectors)

    def preview(self, level: str | None = None) -> Preview:
        """Return the frozen report if there is one, else the report of the present answers.

        Without consent, it has the keys that a yes to the basic level would send. With a
        `level`, it has everything that a yes to this level would send, including keys
        that wait for an answer. Raises ConsentError if there is no such level, and
        ReportError if schema and keys of the generated package disagree.
        """
        if level is not None:
            from headcount.consent.transitions import checked

            checked(level)
        return self._delivery().preview(level)

    def check(self) -> HostCheck:
        """Call every collector once, whatever was agreed to, and return what is wrong with them.

        For a host's tests and builds. This writes nothing and opens no connection.
        """
        from headcount.reporting.live_check import check

        return check(
            self.project, self._collectors, seconds=self._patience, obstacle=self.obstacle()
        )

    def sent_values(self) -> dict[str, Wire]:
        """Return the answers of the last report that was counted, by key."""
        from headcount.reporting.report import answers

        counted = [entry for entry in self.history() if entry.outcome == "SENT"]
        return answers(self.project, counted[0].report) if counted else {}

    def obstacle(self) -> str:
        """Return why no report can leave this process, `""` if nothing is known to prevent it.

        One example is a `grpcs://` endpoint without grpcio. This opens no connection.
        """
        if self._transport is not None:
            return ""
        from headcount.transport.connect import obstacle

        try:
            if self._directory.shared_secret:
                self._directory.check_shared_secret()
        except HeadcountError as error:
            return error.said
        return obstacle(
            self._endpoint,
            relay=self.project.relay,
            oblivious_key=self.project.oblivious_key,
            allow_plaintext=self._allow_plaintext,
            root_certificates=self._roots,
        )

    def notes(self) -> dict[str, str]:
        """Return why keys had no answer in the last report, such as a collector that raised.

        The key `send_in_background` says that its process was lost.
        """
        return outbox.read_notes(self._directory) | self._lost()

    def due(self) -> bool:
        """Return whether a report should leave now. This reads at most two small files."""
        try:
            plan = self._plan()
            return plan is not None and is_due(plan, self._clock()) and self.state().on
        except (HeadcountError, OSError):
            return False

    def next_due(self) -> float | None:
        """Return the unix time at which to call `due` again, None if waiting changes nothing."""
        try:
            decision = self._decision()
            if not decision.state().on:
                return decision.turns_on()
            plan = self._plan()
            if plan is None:
                return max(float(Week.at(self._clock()).end), decision.not_before())
        except (HeadcountError, OSError):
            return None
        return float(Week.named(plan.week).end) if plan.done else plan.moment

    def send_if_due(self, seconds: float = 20.0) -> Outcome:
        """Send the week's report if its moment has come.

        `seconds` bound collectors and network together. Use it from cron, schedulers
        and other jobs that can wait that long.
        """
        from headcount.delivery.outcome import Outcome

        try:
            if self.due():
                return self._delivery().run(seconds=seconds)
            return Outcome.NOT_DUE if self.state().on else Outcome.OFF
        except Exception as error:  # noqa: BLE001 - the host never fails because of us
            return _failed(error)

    def send_in_background(self) -> Outcome:
        """Start a separate process that sends the week's report, if its moment has come.

        Use it in programs that end soon. STARTED means that the collectors had a second
        to answer, and the process was started. If such processes are lost, the program
        itself sends, and waits a second at most.
        """
        from headcount.delivery.outcome import Outcome

        try:
            if not self.due():
                return Outcome.NOT_DUE if self.state().on else Outcome.OFF
            from headcount.delivery import background

            alone = self._transport is None and background.interpreter()
            settings = self._endpoint_settings() if alone else None
            return self._delivery().hand_over(settings, self.send_now)
        except Exception as error:  # noqa: BLE001 - the host never fails because of us
            return _failed(error)

    def start_scheduler(self) -> Scheduler:
        """Start a thread that sends each week's report when its moment comes.

        Use it in services that run for days. The thread ends with its process, or when
        you call the scheduler's `stop`.
        """
        from headcount.delivery.scheduler import Scheduler

        scheduler = Scheduler(self.next_due, self.send_if_due, self._clock)
        scheduler.start()
        return scheduler

    def send_now(self, seconds: float = 20.0) -> Outcome:
        """Send this week's report before its moment, because a person asked for it."""
        try:
            return self._delivery().run(by_hand=True, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - the host never fails because of us
            return _failed(error)

    def _lost(self) -> dict[str, str]:
        from headcount.delivery import background

        reason = background.lost(self._directory, self._clock())
        return {"send_in_background": background.told(reason)} if reason else {}

    def _plan(self) -> Plan | None:
        """Return the present plan; a new one is drawn only if the state is on."""
        plan = outbox.read_plan(self._directory)
        if plan is not None and holds(plan, self._clock()):
            return plan
        if self._decision().record() is None:
            return None
        return self._delivery().plan() if self.state().on else None

    def _decision(self) -> Decision:
        from headcount.consent.decision import Decision

        if self._decided is None:
            self._decided = Decision(
                project=self.project,
                directory=self._directory,
                clock=self._clock,
                environment=self._environment,
                overruled=self._overruled,
            )
        return self._decided

    def _overruled(self) -> State | None:
        from headcount.consent.state import overruled
        from headcount.consent.switches import OFF_FILE

        return overruled(
            self._environment,
            administrator_off=self._administrator_off,
            off_file=OFF_FILE if self._off_file is None else self._off_file,
        )

    def _delivery(self) -> Delivery:
        from headcount.delivery.delivery import Delivery

        return Delivery(
            project=self.project,
            collectors=self._collectors,
            directory=self._directory,
            transport=self._opened,
            decision=self._decision(),
            clock=self._clock,
            chance=self._chance,
            patience=self._patience,
        )

    def _opened(self) -> Transport:
        from headcount.transport.connect import opened

        return self._transport or opened(
            self._endpoint,
            relay=self.project.relay,
            oblivious_key=self.project.oblivious_key,
            allow_plaintext=self._allow_plaintext,
            root_certificates=self._roots,
        )

    def _endpoint_settings(self) -> dict[str, object]:
        """Return the settings of the connection, as another process can read them."""
        from headcount.consent.record import VARIABLE

        kept = (VARIABLE, SHARED)
        lasting = {name: self._environment[name] for name in kept if name in self._environment}
        return {
            "environment": lasting,  # the host looked at the rest
            "endpoint": None if self.project.relay else self._endpoint,
            "allow_plaintext": self._allow_plaintext,
            "root_certificates": self._roots and self._roots.hex(),
        }


def _failed(error: Exception) -> Outcome:
    import logging

    from headcount.delivery.outcome import Outcome

    logging.getLogger("headcount").debug("sending failed", exc_info=error)
    return Outcome.LATER.because(f"{type(error).__name__}: {error}")
