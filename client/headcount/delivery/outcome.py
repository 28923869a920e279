"""The outcome of an attempt to send."""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from headcount.transport.messages import Ignored


class Outcome(Frozen):
    """The outcome of an attempt: one of the constants below, compared by name.

    `ignored` holds the keys that the server left out of a report it counted, and
    `message` a reason in words if there is one.
    """

    SENT: ClassVar[Outcome]
    """The server counted the report."""
    NOT_DUE: ClassVar[Outcome]
    """Nothing is due: this week's moment has not come, or its report was sent."""
    OFF: ClassVar[Outcome]
    """The effective state is off."""
    LATER: ClassVar[Outcome]
    """The attempt failed; another one follows automatically."""
    DROPPED: ClassVar[Outcome]
    """No attempt can succeed this week; the next week starts afresh."""
    BUSY: ClassVar[Outcome]
    """Another process or thread is sending."""
    STARTED: ClassVar[Outcome]
    """A separate process was started to send the report."""

    name: str
    ignored: tuple[Ignored, ...] = ()
    message: str = ""

    def because(self, message: str) -> Outcome:
        """Return the same outcome with a reason."""
        return self.replaced(message=message)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outcome) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name


Outcome.SENT = Outcome(name="SENT")
Outcome.NOT_DUE = Outcome(name="NOT_DUE")
Outcome.OFF = Outcome(name="OFF")
Outcome.LATER = Outcome(name="LATER")
Outcome.DROPPED = Outcome(name="DROPPED")
Outcome.BUSY = Outcome(name="BUSY")
Outcome.STARTED = Outcome(name="STARTED")
