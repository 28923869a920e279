"""What came of an attempt to send."""

from __future__ import annotations

from headcount.model.frozen import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from headcount.transport.messages import Ignored


class Outcome(Frozen):
    """What came of an attempt: one of the constants below, compared by name.

    `ignored` holds the keys that the server left out of a report it took,
    `message` a reason in words where there is one.
    """

    SENT: ClassVar[Outcome]
    """The server counted the report."""
    NOT_DUE: ClassVar[Outcome]
    """Nothing is due: this week's moment has not come, or its report has left."""
    OFF: ClassVar[Outcome]
    """The effective state is off."""
    LATER: ClassVar[Outcome]
    """It did not work; another attempt follows on its own."""
    DROPPED: ClassVar[Outcome]
    """It cannot work this week; the next week starts afresh."""
    BUSY: ClassVar[Outcome]
    """Another process or thread is at it."""
    STARTED: ClassVar[Outcome]
    """A process of its own was started to send it."""

    name: str
    ignored: tuple[Ignored, ...] = ()
    message: str = ""

    def because(self, message: str) -> Outcome:
        """The same outcome with a reason."""
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
