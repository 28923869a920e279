"""A clock that the demonstration sets, until it is let go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SimulatedClock:
    """The time of the simulation, for server and clients alike."""

    def __init__(self, begin: datetime) -> None:
        self._moment: datetime | None = begin

    def now(self) -> datetime:
        """Return the simulated moment, or the real one once the simulation is over."""
        return self._moment or datetime.now(UTC)

    def ahead(self) -> timedelta:
        """Return zero: what passes in the simulation is all the time there is."""
        return timedelta()

    def unix(self) -> float:
        """Return the same in seconds, as clients take it."""
        return self.now().timestamp()

    def set(self, moment: datetime) -> None:
        """Go to a moment."""
        self._moment = moment

    def release(self) -> None:
        """Tell the real time from now on."""
        self._moment = None
