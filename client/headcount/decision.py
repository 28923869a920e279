"""The decision of one host about one project: read from its file, answered, carried out."""

from __future__ import annotations

from headcount import answers, outbox
from headcount.consent import DENIED, QUIET, Record, State, effective, overruled
from headcount.errors import StateError
from headcount.record import decode, encode, unreadable

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headcount.project import Project
    from headcount.state import StateDirectory


class Decision:
    """What was decided, and the one place where that changes."""

    def __init__(
        self,
        *,
        project: Project,
        directory: StateDirectory,
        environment: Mapping[str, str],
        clock: Callable[[], float],
        administrator_off: bool,
    ) -> None:
        self._project = project
        self._directory = directory
        self._environment = environment
        self._clock = clock
        self._administrator_off = administrator_off
        self._seen: tuple[bytes, Record] | None = None  # the file's bytes and what they say

    def state(self) -> State:
        """The effective state and the rule that decided it."""
        off = overruled(self._environment, administrator_off=self._administrator_off)
        return off if off is not None else self._effective(self._record())

    def not_before(self) -> float:
        """The earliest moment (unix seconds) of the first report."""
        record = self._record()
        return 0.0 if record is None else record.not_before

    def spent(self) -> str:
        """The ISO week that nothing more may be sent for, `""` where there is none."""
        record = self._record()
        return "" if record is None else record.spent

    def turns_on(self) -> float | None:
        """When time alone will turn the state on (unix seconds)."""
        record = self._record()
        pending = record is not None and self.state().rule == "notice-pending"
        return record.notice + QUIET if record is not None and pending else None

    def grant(self, level: str, refused: tuple[str, ...], via: str) -> None:
        """Records a yes."""
        self._change(
            lambda record: answers.granted(
                self._project, record, level=level, refused=refused, via=via, now=self._clock()
            )
        )

    def deny(self, via: str) -> None:
        """Records a no."""
        self._change(lambda record: answers.denied(record, via=via, now=self._clock()))

    def notice_shown(self) -> None:
        """Records the time of the notice."""
        self._change(lambda record: answers.noticed(self._project, record, now=self._clock()))

    def refuse(self, key: str) -> None:
        """Records a no to one key."""
        self._change(lambda record: answers.refused(self._project, record, key))

    def allow(self, key: str) -> None:
        """Records a yes to one key."""
        self._change(lambda record: answers.allowed(self._project, record, key))

    def set_level(self, level: str) -> None:
        """Records another level."""
        self._change(lambda record: answers.levelled(self._project, record, level))

    def _record(self) -> Record | None:
        """The record on disk; one that cannot be read counts as undecided."""
        try:
            data = self._directory.read_decision()
        except StateError as error:
            return unreadable(f"{error}.")
        if data is None:
            return None
        if self._seen is None or self._seen[0] != data:
            self._seen = (data, decode(data, self._directory.decision))
        return self._seen[1]

    def _effective(self, record: Record | None) -> State:
        return effective(
            self._project,
            record,
            now=self._clock(),
            environment=self._environment,
            administrator_off=self._administrator_off,
        )

    def _change(self, answer: Callable[[Record | None], Record | None]) -> None:
        """Applies an answer to the record on disk, and to everything that hangs on it."""
        if answer(self._record()) is None:
            return
        with self._directory.changing():
            record = answer(self._record())
            if record is None:
                return
            self._directory.write_decision(encode(record))
            if record.decision == DENIED:
                self._directory.withdraw()
                return
            # A report frozen under the former answer may hold what is now refused.
            outbox.thaw(self._directory)
            if self._effective(record).on:
                with self._directory.sending() as held:
                    if held:  # else whoever sends now makes the secret
                        self._directory.secret()
