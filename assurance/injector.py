"""An injector of invented reports: what they reveal of one real site, and how they move a share.

Reports are unauthenticated, so both attacks succeed to a degree. The functions compute how
often, exactly and not by sampling, with the server's own rule of publication. A table is a
list of rows, and the first row is its head.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from headcount.v1 import options_pb2
from headcount_server.counting.tally import Cell, Tally
from headcount_server.counting.vocabulary import INTRODUCED
from headcount_server.publication.key_terms import KeyTerms
from headcount_server.publication.partition import OTHER_RELEASES, told_apart
from headcount_server.publication.published import PublishedProject
from headcount_server.publication.rounding import Publication, publish
from headcount_server.store.allowance import VALUES_A_DAY

KEY = 3
"""A key with one value to learn."""
THRESHOLDS = (5, 10, 20)
BUDGETS = (0, 1, 2, 4, 9, 19, 50)
"""Largest number of fakes that an injector has."""
SITES = (50, 200, 1000, 10_000)
FAKES = (5, 25, 100, 1000)
VERSION = 1
NETWORKS = (1, 4, 20, 100)
DAYS = 7
SHARE = 0.2
"""The share of real sites with the value, without fakes."""

Chances = Mapping[int, float]
"""The injector's probability for each number of other sites with the value."""
World = Callable[[int], list[Chances]]
"""What the injector may know of the other sites, given the threshold."""
Table = list[list[str]]


def published(holders: int, threshold: int) -> int:
    """Return the published total of a value that this many reports hold; 0 if it is withheld."""
    reports = holders + threshold  # enough that the week is published
    cell = Cell(KEY, "true", "")
    tally = Tally(reports, Counter({KEY: reports}), Counter({cell: holders}))
    publication = publish(tally, threshold)
    assert publication is not None
    return publication.values.get(cell, 0)


# --- what one site holds ------------------------------------------------------------------------


def success(others: Chances, threshold: int, fakes: int) -> float:
    """Return how often the best guess at one site's yes or no is right; a blind guess is 0.5.

    The injector sends exactly this many fakes with the value, and reads the published
    total.
    """
    seen: dict[int, list[float]] = {}
    for number, chance in others.items():
        for bit in (0, 1):
            shown = published(number + bit + fakes, threshold)
            seen.setdefault(shown, [0.0, 0.0])[bit] += chance / 2
    return sum(max(pair) for pair in seen.values())


def best(others: Chances, threshold: int, budget: int) -> float:
    """Return the same for an injector who may choose the number of fakes."""
    return max(success(others, threshold, fakes) for fakes in range(budget + 1))


def nobody_else(_threshold: int) -> list[Chances]:
    """Assume that no other site has the value: it is rare, or made up for the target."""
    return [{0: 1.0}]


def all_known(threshold: int) -> list[Chances]:
    """Assume that the injector knows how many others have it; every number is equally likely."""
    return [{number: 1.0} for number in range(threshold, 2 * threshold)]


@cache
def _few() -> Chances:
    return {n: math.exp(-3) * 3**n / math.factorial(n) for n in range(40)}


@cache
def _many() -> Chances:
    sites, share = 1000, 0.3
    return {n: math.comb(sites, n) * share**n * (1 - share) ** (sites - n) for n in range(200, 400)}


def a_few(_threshold: int) -> list[Chances]:
    """Assume that others have it whom the injector cannot count: three on average (Poisson)."""
    return [_few()]


def many(_threshold: int) -> list[Chances]:
    """Assume that three in ten of a thousand others have it, independently of each other."""
    return [_many()]


KNOWLEDGE: Mapping[str, World] = {
    "nobody else holds the value": nobody_else,
    "how many others hold it": all_known,
    "about three others hold it": a_few,
    "some 300 of 1,000 others hold it": many,
}


def targets() -> Table:
    """Return how often one site's yes or no is guessed, by what is known of the others."""
    head = ["the injector knows", "k", *(f"≤ {budget} fakes" for budget in BUDGETS)]
    rows = [head]
    for what, worlds in KNOWLEDGE.items():
        for threshold in THRESHOLDS:
            each = worlds(threshold)
            chances = [
                sum(best(others, threshold, budget) for others in each) / len(each)
                for budget in BUDGETS
            ]
            rows.append([what, str(threshold), *(f"{chance:.0%}" for chance in chances)])
    return rows


# --- what share a value has ---------------------------------------------------------------------


def shifted(sites: int, fakes: int, threshold: int = 5) -> float:
    """Return the published share of a value after this many fakes that all have it."""
    holders, reports = round(SHARE * sites) + fakes, sites + fakes
    cell = Cell(KEY, "true", "")
    tally = Tally(reports, Counter({KEY: reports}), Counter({cell: holders}))
    publication = publish(tally, threshold)
    assert publication is not None
    return publication.values[cell] / publication.answers[KEY]


def shares(sites: Sequence[int] = SITES, fakes: Sequence[int] = FAKES) -> Table:
    """Return the published share by real sites and fakes; without fakes it is one in five."""
    head = ["real sites", *(f"{number:,} fakes" for number in fakes)]
    return [head, *([f"{n:,}", *(f"{shifted(n, m):.0%}" for m in fakes)] for n in sites)]


# --- what may be seen of a release, and how many rare values there are --------------------------


def opens(sites: int, fakes: int, threshold: int) -> bool:
    """Whether a week with so many fakes has a value told apart for a release in the next.

    All sites hold the value, none of them on the release; all fakes do both.
    """
    reports = sites + fakes
    down = {n: n - n % threshold for n in (reports, fakes)}
    if not down[fakes]:
        return False
    cells = {
        Cell(VERSION, "rare", OTHER_RELEASES): down[fakes],
        Cell(KEY, "common", OTHER_RELEASES): down[reports],
    }
    answers = {VERSION: down[reports], KEY: down[reports]}
    source = PublishedProject(
        "any",
        (),
        {VERSION: "version"},
        Publication(down[reports], answers, cells),
        terms={
            key: KeyTerms(threshold, key == KEY, options_pb2.KEY_TYPE_VERSION) for key in answers
        },
    )
    return bool(told_apart(source, source.terms, VERSION, {"rare"}))


def openings(sites: Sequence[int] = SITES) -> Table:
    """The fakes that have a release told apart, by real sites; k - 1 more then show one site."""
    head = ["k", *(f"{n:,} real sites" for n in sites)]
    rows = [head]
    for threshold in THRESHOLDS:
        fewest = [
            next(fakes for fakes in range(100 * threshold) if opens(n, fakes, threshold))
            for n in sites
        ]
        rows.append([str(threshold), *map(str, fewest)])
    return rows


def places(networks: Sequence[int] = NETWORKS) -> Table:
    """How many new values networks can introduce in a week, of the places that there are.

    Who fills them all learns how many others were introduced: what is left over.
    """
    head = ["networks", "values in a week", "of the free places"]
    rows = [head]
    for number in networks:
        values = min(number * VALUES_A_DAY * DAYS, INTRODUCED)
        rows.append([str(number), str(values), f"{values / INTRODUCED:.0%}"])
    return rows
