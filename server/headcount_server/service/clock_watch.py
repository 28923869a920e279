"""A watch over the clock: whether it was set, rather than time having passed."""

from __future__ import annotations

from datetime import timedelta

from headcount_server.clock import Clock

JUMP = timedelta(minutes=10)
"""By how much a clock has to be set at once to be told; time servers correct less."""


class ClockWatch:
    """Compares the clock with the time that has passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = self._measure()

    def jump(self) -> timedelta:
        """By how much the clock was set since this was asked last; zero if it was not."""
        ahead = self._measure()
        jump, self._ahead = ahead - self._ahead, ahead
        return jump if abs(jump) >= JUMP else timedelta()

    def _measure(self) -> timedelta:
        return timedelta(seconds=self._clock.now().timestamp()) - self._clock.elapsed()
