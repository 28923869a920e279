"""What readers see of a week: the share of answers, the error, the width of shares, and flapping.

    python bench/usefulness.py [--sites N ...] [--out PAGE]

Weeks of two made-up populations, the demonstration's and one with a long tail,
are counted and published by the rule that the server uses, beside two others:
no question is counted per release (plain), and every release is a cell of its
own (rule 1). Nothing is timed, so the outcome is the same wherever it runs.
Ends with 1 where a budget is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from random import Random
from statistics import fmean

from headcount.v1 import options_pb2
from headcount_server.counting.tally import Cell, Tally
from headcount_server.demo.facts import UNDECLARED, fact
from headcount_server.demo.simulation import packages
from headcount_server.publication.key_terms import KeyTerms
from headcount_server.publication.partition import Partition, fold, told_apart
from headcount_server.publication.published import PublishedProject
from headcount_server.publication.ranges import key_ranges
from headcount_server.publication.rounding import Publication, publish, under

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "generated" / "usefulness.md"
VERSION, PHP, DATABASE = 1, 2, 3
NAMES = {VERSION: "version", PHP: "php_version", DATABASE: "mysql_version"}
LABELS = {PHP: "PHP", DATABASE: "Database"}
SITES = (20, 50, 100, 200, 500, 1000, 2000, 5000, 20_000)
K, WEEKS, SETTLED = 5, 26, 4
"""The threshold, weeks that go by, and those of them that are not measured."""
MANY, FEWER_WEEKS = 2000, 7
"""Sites from which on fewer weeks are lived through, and how many."""
MOVING = 0.05
"""Share of the sites of the long tail that change an answer in a week."""
BUDGETS = {PHP: 90.0, DATABASE: 70.0}
"""Least share of the answers, in percent, that readers see at 200 sites of the demonstration."""
BUDGET_SITES, NARROWER = 200, 0.5
"""And the most that shares may be as wide as those of rule 1."""

Answers = Mapping[int, str]
"""What a site answers, by key; empty for the class that is never printed."""
Population = Callable[[int, int], Answers]
"""The answers of a site in a week."""


@cache
def _keys() -> Mapping[int, object]:
    main = packages(ROOT / "registry" / "generated" / "clients")[0]
    named = {key.name: key for key in main.PROJECT.keys}
    return {number: named[name] for number, name in NAMES.items()}


def demonstration(site: int, week: int) -> Answers:
    """The facts of the demonstration."""
    facts = {number: fact(key, site, week) for number, key in _keys().items()}  # type: ignore[arg-type] # a generated key
    return {number: next(iter(each.published), "") for number, each in facts.items()}


def long_tail(site: int, week: int) -> Answers:
    """Few common values and many rare ones; one site in twenty changes in a week."""
    answers = {}
    for key, values in ((VERSION, 25), (PHP, 15), (DATABASE, 80)):
        moves = Random(f"{site}/{key}")  # noqa: S311 - made up
        moved = [w for w in range(week + 1) if moves.random() < MOVING][-1:]
        chance = Random(f"{site}/{key}/{moved}")  # noqa: S311 - made up
        rank = chance.choices(range(values), [1 / (r + 1) ** 1.2 for r in range(values)])[0]
        answers[key] = f"{rank // 10}.{rank % 10}" if chance.random() > UNDECLARED else ""
    return answers


POPULATIONS: Mapping[str, Population] = {"demonstration": demonstration, "long tail": long_tail}


@dataclass
class Measured:
    """What readers saw of one key under one rule, a number for each week."""

    visible: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)
    width: list[float] = field(default_factory=list)
    with_release: list[float] = field(default_factory=list)


@dataclass
class Course:
    """The weeks of a population."""

    rules: dict[tuple[str, int], Measured]
    changes: Counter[str]
    weeks: int


def live(population: Population, sites: int, weeks: int) -> Course:
    """Let sites live through weeks, each published under every rule."""
    course = Course(
        {(rule, key): Measured() for rule in ("plain", "rule 1", "told apart") for key in LABELS},
        Counter(),
        0,
    )
    terms = {key: KeyTerms(K, key != VERSION, options_pb2.KEY_TYPE_VERSION) for key in NAMES}
    past: list[PublishedProject] = []
    for week in range(weeks):
        answers = [population(site, week) for site in range(sites)]
        tally = _tally(answers)
        earlier = past[:-1][-4:]  # a week opens before the one before it is published
        places = {key: _published_values(earlier, key) for key in NAMES}
        apart = told_apart(past[-1] if past else None, terms, VERSION, places[VERSION])
        told = publish(fold(tally, apart), K, terms)
        plain, first = publish(fold(tally, {}), K), publish(tally, K)
        if told is None or plain is None or first is None:
            continue
        names = dict(NAMES)
        found = PublishedProject("demo", (), names, under(told, apart), (), terms, places, VERSION)
        if week >= SETTLED:
            course.weeks += 1
            for key in LABELS:
                truth = Counter(each[key] for each in answers if each[key])
                of = partial(_measure, key=key, truth=truth, answered=len(answers))
                of(course.rules["plain", key], plain)
                of(course.rules["rule 1", key], first)
                of(course.rules["told apart", key], told)
                course.rules["told apart", key].width += _widths(found, key)
                course.rules["rule 1", key].width += list(_former_widths(first, key))
            course.changes.update(_changes(past[-1].publication.told_apart if past else {}, apart))
        past.append(found)
    return course


def _tally(answers: Sequence[Answers]) -> Tally:
    values: Counter[Cell] = Counter()
    for each in answers:
        for key, text in each.items():
            if text:
                release = "" if key == VERSION else each[VERSION] or "other"
                values[Cell(key, text, release)] += 1
    return Tally(len(answers), Counter(dict.fromkeys(NAMES, len(answers))), values)


def _published_values(weeks: Sequence[PublishedProject], key: int) -> frozenset[str]:
    return frozenset(c.value for each in weeks for c in each.publication.values if c.key == key)


def _measure(
    into: Measured, publication: Publication, *, key: int, truth: Counter[str], answered: int
) -> None:
    cells = {cell: n for cell, n in publication.values.items() if cell.key == key}
    sums: Counter[str] = Counter()
    for cell, n in cells.items():
        sums[cell.value] += n
    into.visible.append(100 * sums.total() / answered)
    carried = publication.answers.get(key, 0) or 1
    off = [abs(100 * sums[value] / carried - 100 * n / answered) for value, n in truth.items()]
    into.error.append(fmean(off) if off else 0.0)
    named = sum(n for cell, n in cells.items() if cell.release not in {"", "other"})
    into.with_release.append(100 * named / answered)


def _widths(found: PublishedProject, key: int) -> list[float]:
    ranges = key_ranges(found, key, K)
    if ranges is None:
        return []
    return [its.most - its.least for its in ranges.values.values() if its.lower and its.most]


def _former_widths(publication: Publication, key: int) -> Iterator[float]:
    """Widths as pages of rule 1 had them: a sum of cells bounded by what the others left."""
    sums: Counter[str] = Counter()
    for cell, n in publication.values.items():
        if cell.key == key:
            sums[cell.value] += n
    low = publication.answers.get(key, 0)
    for n in sums.values():
        most = max(low + K - 1 - (sums.total() - n), n)
        yield min(100.0, 100 * most / low) - 100 * n / (low + K - 1)


def _changes(before: Partition, after: Partition) -> Iterator[str]:
    for at in {*before, *after}:
        old, new = before.get(at, frozenset()), after.get(at, frozenset())
        yield from ["enter"] * len(new - old)
        yield from ["leave"] * len(old - new)


def tables(courses: Mapping[tuple[str, int], Course]) -> Iterator[str]:
    """The page's tables, in Markdown."""
    measures: tuple[tuple[str, Callable[[Measured], list[float]]], ...] = (
        ("Share of the answers that readers see (%)", lambda m: m.visible),
        ("Mean error of a value's share (points)", lambda m: m.error),
        ("Mean width of a printed share (points)", lambda m: m.width),
        ("Share of the answers shown with their release (%)", lambda m: m.with_release),
    )
    sites = sorted({n for _, n in courses})
    for title, pick in measures:
        yield f"\n## {title}\n"
        yield f"| population, question | rule | {' | '.join(f'{n:,}' for n in sites)} |"
        yield f"|---|---|{'---:|' * len(sites)}"
        for population in POPULATIONS:
            for key, label in LABELS.items():
                for rule in ("plain", "rule 1", "told apart"):
                    lists = [pick(courses[population, n].rules[rule, key]) for n in sites]
                    if not any(lists):
                        continue
                    numbers = " | ".join(f"{fmean(each):.1f}" if each else "" for each in lists)
                    yield f"| {population}, {label} | {rule} | {numbers} |"
    yield "\n## Releases that enter or leave in a week, over all values of both questions\n"
    yield f"| population | | {' | '.join(f'{n:,}' for n in sites)} |"
    yield f"|---|---|{'---:|' * len(sites)}"
    for population in POPULATIONS:
        for what in ("enter", "leave"):
            found = [courses[population, n] for n in sites]
            rates = " | ".join(f"{c.changes[what] / max(c.weeks, 1):.2f}" for c in found)
            yield f"| {population} | {what} | {rates} |"


def missed(course: Course) -> Iterator[str]:
    """The budgets that a course of `BUDGET_SITES` sites of the demonstration misses."""
    for key, least in BUDGETS.items():
        seen = fmean(course.rules["told apart", key].visible)
        if seen < least:
            yield f"{LABELS[key]}: {seen:.1f} % of the answers are visible, at least {least:g} due"
        widths = [fmean(course.rules[rule, key].width) for rule in ("told apart", "rule 1")]
        if widths[0] > NARROWER * widths[1]:
            yield f"{LABELS[key]}: shares {widths[0]:.1f} points wide, {widths[1]:.1f} by rule 1"


HEAD = """# What readers see

Written by `make bench-usefulness`, which says what is compared: the rule that the server
uses ("told apart"), a week in which nothing is counted per release ("plain"), and the
former rule, by which every release was a cell of its own ("rule 1"). The threshold is 5;
of 26 weeks (7 from 2,000 sites on) the first four, which have no history, are left out.
The width of rule 1 is that of its pages. Columns are numbers of sites.
"""


def main() -> int:
    """Measure, print, write the page; 1 where a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sites", type=int, nargs="+", default=SITES)
    parser.add_argument("--out", type=Path, help="the page to write")
    flags = parser.parse_args()
    courses = {
        (name, sites): live(population, sites, WEEKS if sites < MANY else FEWER_WEEKS)
        for name, population in POPULATIONS.items()
        for sites in flags.sites
    }
    text = "\n".join([HEAD.rstrip(), *tables(courses), ""])
    print(text)
    if flags.out:
        flags.out.write_text(text, encoding="utf-8")
    wrong = [
        line
        for (name, sites), course in courses.items()
        if (name, sites) == ("demonstration", BUDGET_SITES)
        for line in missed(course)
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
