"""A client, as far as the question is concerned: `headcount.Client` is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from headcount.consent.record import Record
    from headcount.consent.state import State
    from headcount.model.project import Project
    from headcount.model.report import Wire


class Previewed(Protocol):
    """What the question reads of a preview."""

    @property
    def values(self) -> Mapping[str, Wire | None]:
        """The answer of each key, None if it has none."""

    @property
    def notes(self) -> Mapping[str, str]:
        """The reasons why keys have no answer."""


class Askable(Protocol):
    """What the question reads of a client, and what its answer calls."""

    project: Project

    def record(self) -> Record | None:
        """Return the earlier answer; None if there is none."""

    def state(self) -> State:
        """Return the effective state."""

    def preview(self, level: str | None) -> Previewed:
        """Return what a yes to a level would send."""

    def now(self) -> float:
        """Return the time (unix seconds)."""

    def grant(  # noqa: PLR0913 - an answer has that many parts
        self,
        level: str | None,
        refused: Iterable[str] | None,
        via: str,
        wording: str,
        *,
        language: str,
        text_digest: str,
    ) -> State:
        """Record a yes, and return the state that follows."""

    def deny(self, via: str, wording: str, *, language: str, text_digest: str) -> None:
        """Record a no."""

    def allow(self, key: str, *, wording: str, language: str, text_digest: str) -> None:
        """Agree to one key."""

    def refuse(self, key: str, *, wording: str, language: str, text_digest: str) -> None:
        """Leave one key out."""

    def question_shown(self) -> bool:
        """Record that the question was put; return False if that was already recorded."""

    def notice_shown(self, wording: str, *, language: str, text_digest: str) -> None:
        """Record that the notice was shown."""

    def way_back(self) -> str:
        """Return the way to change an answer: a command, or the file that holds the answer."""
