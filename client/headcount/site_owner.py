"""The site owner's side of a client: answers, status, history."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from headcount.consent.changes import Change
    from headcount.consent.decision import Decision
    from headcount.consent.record import Record
    from headcount.consent.state import State
    from headcount.delivery.history import Entry
    from headcount.delivery.preview import Preview
    from headcount.delivery.server_policy import ServerPolicy
    from headcount.model.project import Project
    from headcount.status import Status
    from headcount.storage.state_directory import StateDirectory
    from headcount.transport.messages import Transport


class SiteOwner(ABC):
    """The site owner's answers and status; `headcount.Client` adds the host's methods.

    Methods that record raise ConsentError or StateError; `record`, `status`,
    `history`, `changes` and `form` (without values) read the project's own files and
    nothing else.
    """

    project: Project
    _directory: StateDirectory
    _endpoint: str
    _clock: Callable[[], float]

    def state(self) -> State:
        """Return the effective state and the rule that decided it."""
        return self._decision().state()

    def record(self) -> Record | None:
        """Return the answer, its time and its way, whatever the environment says; None before one.

        A host may read this, and `state().keys`, before it sends requests of its own.
        """
        return self._decision().record()

    def status(self) -> Status:
        """Return the state, its rule, where it is stored, what was sent and what is due."""
        from headcount.status import status

        return status(
            self.project,
            self._directory,
            self._decision(),
            endpoint=self._endpoint,
            next_due=self.next_due(),
            obstacle=self.obstacle(),
            notes=self.notes,
        )

    def history(self) -> tuple[Entry, ...]:
        """Return every report that left, newest first, with its outcome; the last 104."""
        from headcount.delivery.history import entries

        return entries(self._directory)

    @property
    def history_directory(self) -> str:
        """The folder of the history, which may not exist; it has one file for each report."""
        return self._directory.history

    def clear_history(self) -> None:
        """Remove the history."""
        self._directory.clear_history()

    def changes(self) -> tuple[Change, ...]:
        """Return the differences between the present questions and the terms of consent, by key."""
        from headcount.consent.changes import changes

        return changes(self.project, self.record())

    def form(
        self,
        translated: Mapping[str, str] | None = None,
        *,
        language: str = "",
        values: bool = False,
    ) -> dict[str, Any]:
        """Return what an installer needs to draw the question, as plain data.

        `language` is that of the person, such as `de`. With `values`, calls the collectors,
        so that people see the value that each key would send. `headcount.asking.form.form`
        draws one question for several projects.
        """
        from headcount.asking.form import form

        return form(self, translated=translated, language=language, values=values)

    def ask_server(self, seconds: float = 10.0) -> ServerPolicy:
        """Ask the server for its threshold and retention, and remember its response.

        This opens a connection, so it raises ConsentError while the state is off. It
        raises ServerError if the server does not answer the question.
        """
        from headcount.delivery.server_policy import ask

        return ask(
            self.project.name,
            self._directory,
            self._decision(),
            transport=self._opened,
            clock=self._clock,
            seconds=seconds,
        )

    def grant(  # noqa: PLR0913 - an answer has that many parts
        self,
        level: str | None = None,
        refused: Iterable[str] | None = None,
        via: str = "api",
        wording: str = "",
        *,
        language: str = "",
        text_digest: str = "",
    ) -> State:
        """Record a yes to the present keys of a level, and return what is sent from now on.

        `level` is basic or extended, and `refused` names all keys to leave out.
        None keeps the earlier answer, and means basic and no key if there is none: a
        refused key stays refused until `allow`, or until a list given here leaves it
        out. `via` says how the answer was given, and `wording` names the version of the
        words that were answered; `language` and `text_digest` are those of the form.
        """
        left_out = None if refused is None else tuple(refused)
        self._decision().grant(
            level, left_out, via, wording=wording, language=language, text_digest=text_digest
        )
        return self.state()

    def deny(
        self,
        via: str = "api",
        wording: str = "",
        *,
        language: str = "",
        text_digest: str = "",
        clear_history: bool = False,
    ) -> None:
        """Record a no, which lasts, and remove everything kept for sending.

        The history of what was sent stays readable, unless you ask to remove it too.
        """
        self._decision().deny(via, wording=wording, language=language, text_digest=text_digest)
        if clear_history:
            self._directory.clear_history()

    def notice_shown(self, wording: str = "", *, language: str = "", text_digest: str = "") -> None:
        """Record that the notice was shown; only its first showing counts."""
        self._decision().notice_shown(wording=wording, language=language, text_digest=text_digest)

    def question_shown(self) -> bool:
        """Record that the question was put, so that no terminal puts it again.

        Returns False if that was already recorded.
        """
        return self._decision().question_shown()

    def refuse(
        self, key: str, *, wording: str = "", language: str = "", text_digest: str = ""
    ) -> None:
        """Leave one key out from now on; its collector is not called again.

        `wording`, `language` and `text_digest` are those of a question about the key; without
        one, the record keeps those of the earlier answer.
        """
        self._decision().refuse(key, wording=wording, language=language, text_digest=text_digest)

    def allow(
        self, key: str, *, wording: str = "", language: str = "", text_digest: str = ""
    ) -> None:
        """Agree to one key on its present terms, whether it was refused or waiting.

        The other arguments are as for `refuse`.
        """
        self._decision().allow(key, wording=wording, language=language, text_digest=text_digest)

    def set_level(self, level: str) -> None:
        """Change the level of a yes, and agree to the present keys that it adds."""
        self._decision().set_level(level)

    def forget(self) -> None:
        """Remove every file of this project, the decision included."""
        self._directory.forget()

    def way_back(self) -> str:
        """Return the way to change an answer: a command, or the file that holds the answer."""
        from headcount.way_back import way_back

        return way_back(self, self.project, self._directory.path, self._directory.decision)

    def now(self) -> float:
        """Return the time by this client's clock (unix seconds)."""
        return self._clock()

    @abstractmethod
    def preview(self, level: str | None = None) -> Preview:
        """Return what is sent next, or what a yes to a level would send."""

    @abstractmethod
    def next_due(self) -> float | None:
        """Return the unix time at which to call `due` again, None if waiting changes nothing."""

    @abstractmethod
    def obstacle(self) -> str:
        """Return why no report can leave this process, `""` if nothing is known to prevent it."""

    @abstractmethod
    def notes(self) -> dict[str, str]:
        """Return why keys had no answer in the last report, and whether a process was lost."""

    @abstractmethod
    def _decision(self) -> Decision:
        """Return the decision about this project on this host."""

    @abstractmethod
    def _opened(self) -> Transport:
        """Return the transport to the server."""
