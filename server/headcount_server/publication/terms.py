"""What holds for a week, and what the operator promises for those to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a week from its opening to its close."""

    threshold: int
    """Counts are published in multiples of this."""
    closes: datetime
    """When the week is closed and everything but the published totals destroyed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator promises for weeks that are yet to open."""

    threshold: int
    """Counts are published in multiples of this."""
    grace: timedelta
    """How long after its end a week still takes late reports."""

    def terms(self, week: Week) -> Terms:
        """The terms of a week that opens under this policy."""
        return Terms(self.threshold, week.end + self.grace)
