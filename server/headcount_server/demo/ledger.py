"""What the simulated sites agreed to send, counted independently of the server."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headcount.v1 import telemetry_service_pb2 as wire

Count = tuple[str, ...]
"""What is counted: nothing (reports), a key, or a key with value and release."""


@dataclass(slots=True)
class Ledger:
    """True totals of every week and project, and what went on beside them."""

    totals: defaultdict[tuple[str, str], Counter[Count]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    seen: set[tuple[str, str, int]] = field(default_factory=set)
    duplicates: int = 0
    lost_answers: int = 0
    people: Counter[str] = field(default_factory=Counter)
    """How many owners did what."""
    wrongly_asked: set[str] = field(default_factory=set)
    """Keys whose collectors were called although nobody agreed to them."""

    def delivered(
        self,
        week: str,
        project: str,
        identity: int,
        facts: Mapping[str, tuple[str, ...]],
        crossed: frozenset[str],
    ) -> None:
        """Record that the server took a report with these published texts by key.

        Sites with one identity (a site and its clones) count once a week.
        """
        if (week, project, identity) in self.seen:
            self.duplicates += 1
            return
        self.seen.add((week, project, identity))
        total = self.totals[week, project]
        total[()] += 1
        release = next(iter(facts.get("version", ())), "other")
        for key, texts in facts.items():
            total[(key,)] += 1
            for text in texts:
                total[key, text, release if key in crossed else ""] += 1

    def floored(self, week: str, project: str, threshold: int) -> dict[Count, int]:
        """What should be published of a week: everything in multiples of the threshold."""
        total = self.totals[week, project]
        if total[()] < threshold:
            return {}
        return {what: n // threshold * threshold for what, n in total.items() if n >= threshold}

    def withheld(self, week: str, project: str, threshold: int) -> int:
        """Number of values that too few sites hold."""
        total = self.totals[week, project]
        return sum(1 for what, n in total.items() if len(what) > 1 and n < threshold)


def published(statistics: wire.ProjectStatistics) -> dict[Count, int]:
    """Return the same form for what the server says it has published."""
    return dict(_counts(statistics))


def _counts(statistics: wire.ProjectStatistics) -> Iterator[tuple[Count, int]]:
    yield (), statistics.reports
    for key in statistics.keys:
        yield (key.key,), key.answers
        for value in key.values:
            yield (key.key, value.value, value.version), value.reports
