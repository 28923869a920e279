"""The result of a benchmark: samples, ratios between them, and budgets for them.

Each part of the suite writes a `Result` as JSON, with its raw samples. Medians, ratios
and verdicts are computed from the samples whenever they are shown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

SPENT, GENERATOR = "processor time", "generator"
"""Beside a rate: the server's processor time for a report, the generator's share of a core."""
BUSY = 90.0
"""Largest share of the generator in percent; beyond it, the rate is its own, not the server's."""


@dataclass(frozen=True, slots=True)
class Series:
    """A figure, measured repeatedly; the n-th samples of a part belong to one round."""

    unit: str
    samples: Sequence[float]

    @property
    def median(self) -> float:
        """The median of its samples."""
        return statistics.median(self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The budget of a figure or of a ratio of two; a ratio may have no bound."""

    name: str
    of: str
    """The name of a series."""
    to: str = ""
    """The name of the series that divides it, if there is one."""
    most: float | None = None
    least: float | None = None

    def kept(self, value: float) -> bool:
        """Return whether a value is within it."""
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )


@dataclass(slots=True)
class Result:
    """The result of one part of the suite."""

    command: str
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seconds: float = 0.0
    quick: bool = False
    series: dict[str, Series] = field(default_factory=dict)
    budgets: list[Budget] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, unit: str, samples: float | Iterable[float]) -> None:
        """Add samples to a series, which begins with the first of them."""
        more = [samples] if isinstance(samples, int | float) else list(samples)
        before = self.series[name].samples if name in self.series else ()
        self.series[name] = Series(unit, (*before, *(float(f"{one:.5g}") for one in more)))

    def expect(
        self,
        name: str,
        of: str,
        to: str = "",
        *,
        most: float | None = None,
        least: float | None = None,
    ) -> None:
        """Add a ratio or a budget."""
        self.budgets.append(Budget(name=name, of=of, to=to, most=most, least=least))

    def value(self, budget: Budget) -> float | None:
        """Return the figure of a budget; None if it was not measured.

        For two series of equal length, it is the median of the ratios of each round. For
        two rates that the generator limited, it is the ratio of processor times, the other
        way round: a server that needs twice the time is worth half.
        """
        if self.generator_limited(budget):
            return self._ratio(f"{budget.to}, {SPENT}", f"{budget.of}, {SPENT}")
        if budget.to:
            return self._ratio(budget.of, budget.to)
        of = self.series.get(budget.of)
        return of.median if of else None

    def generator_limited(self, budget: Budget) -> bool:
        """Return whether the generator was so busy that a ratio of rates is no measurement."""
        beside = (self.series.get(f"{name}, {GENERATOR}") for name in (budget.of, budget.to))
        return any(max(one.samples) > BUSY for one in beside if one is not None)

    def name(self, budget: Budget) -> str:
        """Return the name of a budget, and by what it is judged if not by what it names."""
        return f"{budget.name}, by {SPENT}" if self.generator_limited(budget) else budget.name

    def _ratio(self, above: str, below: str) -> float | None:
        of, to = self.series.get(above), self.series.get(below)
        if of is None or to is None:
            return None
        if len(of.samples) != len(to.samples):  # not of the same rounds
            return of.median / to.median
        return statistics.median(a / b for a, b in zip(of.samples, to.samples, strict=True))

    def values(self) -> Iterator[tuple[Budget, float]]:
        """Return the ratios and budgets that were measured."""
        for budget in self.budgets:
            value = self.value(budget)
            if value is not None:
                yield budget, value

    def kept(self) -> bool:
        """Return whether all budgets that were measured are kept."""
        return all(budget.kept(value) for budget, value in self.values())

    def as_json(self) -> dict[str, object]:
        """Return plain data for a file."""
        return asdict(self)

    @classmethod
    def of_json(cls, data: dict[str, object]) -> Self:
        """Return the result in the plain data of `as_json`."""
        plain = dict(data)
        series: dict[str, dict[str, object]] = plain.pop("series")  # type: ignore[assignment]
        budgets: list[dict[str, object]] = plain.pop("budgets")  # type: ignore[assignment]
        return cls(
            **plain,  # type: ignore[arg-type]
            series={name: Series(**one) for name, one in series.items()},  # type: ignore[arg-type]
            budgets=[Budget(**one) for one in budgets],  # type: ignore[arg-type]
        )


def arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the arguments that all parts share, with those of a part's own parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--json", type=Path, help="also write samples and budgets to this file")
    parser.add_argument("--quick", action="store_true", help="seconds, to see that it works")
    return parser.parse_args()


def began(given: argparse.Namespace) -> Result:
    """Return the result of this program, which is still empty."""
    words = [Path(sys.argv[0]).name]
    skip = False
    for word in sys.argv[1:]:  # the place of the result is no part of the measurement
        if not skip and word != "--json":
            words.append(word)
        skip = word == "--json"
    return Result(command=f"python bench/{' '.join(words)}", quick=given.quick)


def finished(result: Result, given: argparse.Namespace) -> int:
    """Write the result to the requested place; return the exit status, 1 if a budget is missed."""
    start = datetime.fromisoformat(result.began).timestamp()
    result.seconds = round(time.time() - start, 1)
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(result.as_json()), encoding="utf-8")
    return int(not result.kept())


def tell(result: Result) -> None:
    """Print medians, then ratios and budgets."""
    for name, series in result.series.items():
        print(f"{name:<56} {series.median:>10,.4g} {series.unit}")
    for budget, value in result.values():
        print(f"{result.name(budget):<56} {value:>10.3g} {verdict(budget, value)}")
    for note in result.notes:
        print(note)


def verdict(budget: Budget, value: float) -> str:
    """Return the budget in words, and whether it is kept."""
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", budget.least), ("at most", budget.most))
        if bound is not None
    ]
    if not bounds:
        return ""
    return f"({', '.join(bounds)}: {'kept' if budget.kept(value) else 'MISSED'})"
