"""The decision of one host about one project: read from its file, answered, carried out."""

from __future__ import annotations

from headcount.consent import transitions
from headcount.consent.record import DENIED, VARIABLE, Record
from headcount.consent.state import (
    QUIET,
    State,
    effective,
    limited_keys,
    matured,
)
from headcount.model.errors import StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headcount.model.project import Key, Project
    from headcount.storage.state_directory import StateDirectory


class Decision:
    """What was decided, and the one place where that changes."""

    def __init__(
        self,
        *,
        project: Project,
        directory: StateDirectory,
        clock: Callable[[], float],
        environment: Mapping[str, str],
        overruled: Callable[[], State | None],
    ) -> None:
        self._project = project
        self._directory = directory
        self._clock = clock
        self._environment = environment  # a yes by configuration may stand there
        self._overruled = overruled
        self._seen: tuple[bytes, Record] | None = None  # the file's bytes and what they say

    def state(self) -> State:
        """The effective state and the rule that decided it."""
        return self._effective(self.record)

    def not_before(self) -> float:
        """The earliest moment (unix seconds) of the first report."""
        record = self.record()
        if record is None:
            return 0.0
        now = self._clock()
        # Answered while the clock was ahead: that moment says nothing about today.
        return record.not_before if max(record.at, record.notice) <= now else now + QUIET

    def spent(self) -> str:
        """The ISO week that nothing more may be sent for, `""` where there is none."""
        record = self.record()
        return "" if record is None else record.spent

    def turns_on(self) -> float | None:
        """When time alone will turn the state on (unix seconds)."""
        record = self.record()
        pending = record is not None and self.state().rule == "notice-pending"
        return record.notice + QUIET if record is not None and pending else None

    def grant(
        self, level: str | None, refused: tuple[str, ...] | None, via: str, wording: str
    ) -> None:
        """Records a yes."""
        self._change(
            lambda record: transitions.yes_given(
                self._project, record, level=level, refused=refused, via=via,
                now=self._clock(), wording=wording,
            )
        )  # fmt: skip

    def deny(self, via: str, wording: str) -> None:
        """Records a no."""
        self._change(
            lambda record: transitions.no_given(
                self._project, record, via=via, now=self._clock(), wording=wording
            ),
            urgent=True,
        )

    def notice_shown(self, wording: str) -> None:
        """Records the time of the notice."""
        self._change(
            lambda record: transitions.notice_shown(
                self._project, record, now=self._clock(), wording=wording
            )
        )

    def question_shown(self) -> bool:
        """Records that the question was put; false where that was known."""
        return self._change(lambda record: transitions.question_asked(self._project, record))

    def refuse(self, key: str) -> None:
        """Records a no to one key."""
        self._change(lambda record: transitions.key_refused(self._project, record, key))

    def allow(self, key: str) -> None:
        """Records a yes to one key."""
        self._change(lambda record: transitions.key_allowed(self._project, record, key))

    def set_level(self, level: str) -> None:
        """Records another level."""
        self._change(lambda record: transitions.level_changed(self._project, record, level))

    def record(self) -> Record | None:
        """The record on disk, else the one by configuration; unreadable ones are undecided."""
        try:
            data = self._directory.read_decision()
        except StateError as error:
            from headcount.consent.record_file import unreadable

            return unreadable(f"{error}.")
        if data is None:
            return self._configured()
        if self._seen is None or self._seen[0] != data:
            from headcount.consent.record_file import decode

            self._seen = (data, decode(data, self._directory.decision))
        return matured(self._seen[1], self._clock())

    def _configured(self) -> Record | None:
        if not self._environment.get(VARIABLE):
            return None
        from headcount.consent.configured import configured

        return configured(self._project, self._environment)

    def limited_keys(self) -> list[Key]:
        """The keys that have become wider, as they were agreed to."""
        return limited_keys(self._project, self.record())

    def _effective(self, record: Callable[[], Record | None]) -> State:
        off = self._overruled()
        return off or effective(self._project, record(), now=self._clock())

    def leave_no_trace(self) -> None:
        """Cleans up where somebody said no while a report was at work.

        They write the answer down and then remove the files; whoever sends
        writes files and then calls this. So whoever comes second sees the other.
        """
        rule = self.state().rule
        if rule == "denied":
            self._directory.withdraw()
        elif rule == "undecided":
            self._directory.forget()

    def _change(
        self, answer: Callable[[Record | None], Record | None], *, urgent: bool = False
    ) -> bool:
        """Applies an answer to the record on disk, and to everything that hangs on it.

        False where nothing had to change.
        """
        if answer(self.record()) is None:
            return False
        from headcount.consent.record_file import encode

        with self._directory.changing(urgent=urgent):
            before = self.record()
            record = answer(before)
            if record is None:
                return False
            self._directory.write_decision(encode(record))
            if record.decision == DENIED:
                self._directory.withdraw()
                return True
            # A report saved under the former answer may hold what is now refused.
            if _agreed(record) != _agreed(before):
                self._directory.discard_report()
            if self._effective(lambda: record).on:
                with self._directory.sending() as held:
                    if held:  # else whoever sends now makes the secret
                        self._directory.secret()
            return True


def _agreed(record: Record | None) -> tuple[object, ...]:
    """The part of a record that decides which keys are sent."""
    if record is None:
        return ()
    return record.decision, record.level, record.refused, record.terms
