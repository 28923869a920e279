"""What the simulated sites agreed to send, counted independently of the server."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.demo.rule import REST, VERSION, Conditions, Count, Ruled, rule
from headcount_server.week import Week

EARLIER = 4
"""Weeks whose releases have a reserved place."""
_APART = "told apart"


@dataclass(slots=True)
class Ledger:
    """True totals of every week and project, and what went on beside them."""

    totals: defaultdict[tuple[str, str], Counter[Count]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    crossed: set[str] = field(default_factory=set)
    """Keys that are counted per release."""
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
        self.crossed |= crossed
        total = self.totals[week, project]
        total[()] += 1
        release = next(iter(facts.get("version", ())), "other")
        for key, texts in facts.items():
            total[(key,)] += 1
            for text in texts:
                total[key, text, release if key in crossed else ""] += 1

    def due(
        self, weeks: Sequence[Week], project: str, thresholds: Mapping[str, int], grace: timedelta
    ) -> dict[str, dict[Count, int]]:
        """What should be published of these weeks, oldest first, in the form of `published`.

        `thresholds` are those of the weeks; a week opens as it begins.
        """
        past: list[tuple[Week, Ruled]] = []
        found = {}
        for week in weeks:
            known = {
                what[1]
                for closed, ruled in [
                    (closed, ruled) for closed, ruled in past if closed.end + grace <= week.start
                ][-EARLIER:]
                for what in ruled.numbers
                if what[1:] and what[0] == VERSION
            }
            conditions = Conditions(thresholds[str(week)], crossed=self.crossed)
            true = self.totals[str(week), project]
            ruled = rule(true, conditions, [each for _, each in past], known)
            if ruled is not None:
                past.append((week, ruled))
                apart: dict[Count, int] = {(*each, _APART): 1 for each in ruled.apart}
                found[str(week)] = {**ruled.numbers, **apart}
        return found

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
            yield (key.key, value.value, value.version or REST), value.reports
        for each in key.told_apart:
            for release in each.versions:
                yield (key.key, each.value, release, _APART), 1
