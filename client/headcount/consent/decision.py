"""The decision about one project on one host: how it is read, changed and carried out."""

from __future__ import annotations

from headcount.consent.record import DENIED, VARIABLE, Record
from headcount.consent.state import (
    QUIET,
    State,
    effective,
    limited_keys,
    matured,
)
from headcount.model.errors import StateError
from headcount.model.sentence import Sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headcount.model.project import Key, Project
    from headcount.storage.state_directory import StateDirectory


class Decision:
    """The decision about a project, and the one place that changes it."""

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
        self._environment = environment  # may hold a yes by configuration
        self._overruled = overruled
        self._seen: tuple[bytes, Record] | None = None  # the file's bytes, and their record

    def state(self) -> State:
        """Return the effective state, with the rule that decided it."""
        return self._effective(self.record)

    def not_before(self) -> float:
        """Return the earliest moment of the first report (unix seconds)."""
        record = self.record()
        if record is None:
            return 0.0
        now = self._clock()
        # If the clock was ahead at the answer, that moment says nothing about today.
        return record.not_before if max(record.at, record.notice) <= now else now + QUIET

    def spent(self) -> str:
        """Return the ISO week for which nothing more may be sent, `""` if there is none."""
        record = self.record()
        return "" if record is None else record.spent

    def turns_on(self) -> float | None:
        """Return when time alone will turn the state on (unix seconds), None if it never will."""
        record = self.record()
        pending = record is not None and self.state().rule == "notice-pending"
        return record.notice + QUIET if record is not None and pending else None

    def grant(
        self, level: str | None, refused: tuple[str, ...] | None, via: str, **words: str
    ) -> None:
        """Record a yes; `words` are `wording`, `language` and `text_digest` of the question."""
        from headcount.consent import transitions

        self._change(
            lambda record: transitions.yes_given(
                self._project, record, level=level, refused=refused, via=via,
                now=self._clock(), **words,
            )
        )  # fmt: skip

    def deny(self, via: str, **words: str) -> None:
        """Record a no."""
        from headcount.consent import transitions

        self._change(
            lambda record: transitions.no_given(
                self._project, record, via=via, now=self._clock(), **words
            ),
            urgent=True,
        )

    def notice_shown(self, **words: str) -> None:
        """Record the time of the notice."""
        from headcount.consent import transitions

        self._change(
            lambda record: transitions.notice_shown(
                self._project, record, now=self._clock(), **words
            )
        )

    def question_shown(self) -> bool:
        """Record that the question was put; return False if that was already recorded."""
        from headcount.consent import transitions

        return self._change(lambda record: transitions.question_asked(self._project, record))

    def refuse(self, key: str, **words: str) -> None:
        """Record a no to one key; `words` are those of the question, `""` if none was put."""
        from headcount.consent import transitions

        self._change(lambda record: transitions.key_refused(self._project, record, key, **words))

    def allow(self, key: str, **words: str) -> None:
        """Record a yes to one key; `words` as for `refuse`."""
        from headcount.consent import transitions

        self._change(lambda record: transitions.key_allowed(self._project, record, key, **words))

    def set_level(self, level: str) -> None:
        """Record another level."""
        from headcount.consent import transitions

        self._change(lambda record: transitions.level_changed(self._project, record, level))

    def record(self) -> Record | None:
        """Return the record on disk, else the one by configuration, None if there is neither."""
        try:
            data = self._directory.read_decision()
        except StateError as error:
            from headcount.consent.record_file import unreadable

            return unreadable(Sentence("{why}.", why=error.said))
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
        """Return the keys that have become wider, limited to the terms of consent."""
        return limited_keys(self._project, self.record())

    def _effective(self, record: Callable[[], Record | None]) -> State:
        off = self._overruled()
        return off or effective(self._project, record(), now=self._clock())

    def leave_no_trace(self) -> None:
        """Remove what a delivery wrote if somebody said no meanwhile.

        A no is recorded first, and then the files are removed. A delivery writes its
        files first, and then calls this. So the second of the two sees the first.
        """
        rule = self.state().rule
        if rule == "denied":
            self._directory.withdraw()
        elif rule == "undecided":
            self._directory.forget()

    def _change(
        self, answer: Callable[[Record | None], Record | None], *, urgent: bool = False
    ) -> bool:
        """Apply an answer to the record on disk, and to everything that depends on it.

        Return False if nothing had to change.
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
            # A report saved under the former answer may hold a key that is now refused.
            if _agreed(record) != _agreed(before):
                self._directory.discard_report()
            if self._effective(lambda: record).on:
                with self._directory.sending() as held:
                    if held:  # else the process that is sending makes the secret
                        self._directory.secret()
            return True


def _agreed(record: Record | None) -> tuple[object, ...]:
    """Return the parts of a record that decide which keys are sent."""
    if record is None:
        return ()
    return record.decision, record.level, record.refused, record.terms
