"""A watch over the clock, which tells whether it was set."""

from __future__ import annotations

from datetime import timedelta

from headcount_server.clock import Clock

JUMP = timedelta(minutes=10)
"""Smallest jump of the clock that is reported; time servers correct by less."""


class ClockWatch:
    """Compares the clock with the time that has passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = clock.ahead()

    def jump(self) -> timedelta:
        """Return how far the clock was set since the last call; zero if it was not."""
        ahead = self._clock.ahead()
        jump, self._ahead = ahead - self._ahead, ahead
        return jump if abs(jump) >= JUMP else timedelta()
