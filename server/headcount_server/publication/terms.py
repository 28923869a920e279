"""The terms of a week, and the operator's promise for the weeks to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from headcount_server.week import Week


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that hold for a week from its opening to its close."""

    threshold: int
    """Published counts are multiples of it."""
    closes: datetime
    """Moment at which the totals are published and all other data of the week destroyed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's promise for weeks that are yet to open."""

    threshold: int
    """Published counts are multiples of it."""
    grace: timedelta
    """Time after its end in which a week still takes late reports."""

    def terms(self, week: Week) -> Terms:
        """Return the terms of a week that opens under this policy."""
        return Terms(self.threshold, week.end + self.grace)
