"""Nobody can prove anything of 1 to k-1 sites from published numbers: solved exactly.

Two solvers know the rules, the declarations and all published numbers, and
nothing of `test_publication`'s witness:

- one goes through every week that there can be of a few kinds of sites, and
  asks for every set of these kinds (so for every value, complement and
  combination) whether all weeks with the same publication agree that 1 to k-1
  sites are in it;
- one solves an integer program for random weeks of more kinds: it finds a
  consistent week that refutes the statement, or proves that there is none.

A report may answer nothing and still counts as a site, so such reports are
among the possible ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, combinations_with_replacement, product

import hypothesis
import numpy as np
import pytest
from headcount_server.counting.tally import Cell, Tally, tally
from headcount_server.publication.rounding import Publication, publish
from headcount_server.registry.schema import Project
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp
from support.small_weeks import (
    BROKEN,
    LANGUAGES,
    MODULES,
    MULTISITE,
    NODES,
    PHP,
    SERVER,
    VERSION,
    Close,
    Read,
    Site,
    count,
    read,
)

NO_ANSWER = None
INFEASIBLE = 2
"""What `milp` says if no week is consistent."""
Answers = Mapping[int, Sequence[tuple[str, ...] | None]]
"""What the sites of a small world answer, by key."""

PHP_PER_RELEASE: Answers = {
    VERSION: [NO_ANSWER, ("1.0",), ("other",)],
    PHP: [NO_ANSWER, ("8.2",), ("other",)],
}
TWO_PHPS_PER_RELEASE: Answers = {
    VERSION: [NO_ANSWER, ("1.0",)],
    PHP: [NO_ANSWER, ("8.1",), ("8.2",), ("other",)],
}
LANGUAGES_PER_RELEASE: Answers = {
    VERSION: [NO_ANSWER, ("1.0",)],
    LANGUAGES: [NO_ANSWER, (), ("de",), ("fr",), ("de", "fr")],
}
BOOLEAN_AND_LIST: Answers = {
    MULTISITE: [NO_ANSWER, ("true",), ("false",)],
    MODULES: [NO_ANSWER, (), ("block",)],
}
PRODUCT_AND_COUNT: Answers = {
    SERVER: [NO_ANSWER, ("Apache 2.4",), ("other",)],
    NODES: [NO_ANSWER, ("0",), ("10-99",)],
}
EVERYTHING: Answers = {
    VERSION: [NO_ANSWER, ("1.0",), ("other",)],
    PHP: [NO_ANSWER, ("8.2",), ("other",)],
    MULTISITE: [NO_ANSWER, ("true",), ("false",)],
    LANGUAGES: [NO_ANSWER, (), ("de",), ("de", "fr")],
}


def kinds_of(world: Answers) -> list[Site]:
    """Every kind of site that there can be."""
    return [
        {key: texts for key, texts in zip(world, chosen, strict=True) if texts is not NO_ANSWER}
        for chosen in product(*world.values())
    ]


# --- all weeks of a few kinds -------------------------------------------------------------------


def first_proof(
    project: Project, world: Answers, k: int, most: int, rule: tuple[Close, Read]
) -> str | None:
    """What a publication of a week of up to `most` sites proves; None if nothing ever."""
    closing, reading = rule
    kinds = kinds_of(world)
    reports = [reading(project, kind) for kind in kinds]
    weeks: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
    for sites in range(most + 1):
        for chosen in combinations_with_replacement(range(len(kinds)), sites):
            total = tally(project, [reports[kind] for kind in chosen])
            weeks[repr(closing(total, k))].append(chosen)
    for published, alike in weeks.items():
        # Rounding moves a total by less than k, so these are all weeks of the kind.
        if min(map(len, alike)) > most - k + 1:
            continue
        proven = _proven(alike, len(kinds), k)
        if proven:
            named = [kinds[kind] for kind in range(len(kinds)) if min(proven) >> kind & 1]
            return f"{published} proves that 1 to {k - 1} sites are among {named}"
    return None


def _proven(weeks: Iterable[tuple[int, ...]], kinds: int, k: int) -> list[int]:
    """The sets of kinds (as bits) that hold 1 to k-1 sites in each of these weeks."""
    left = list(range(1, 1 << kinds))
    for sites in sorted(weeks, key=lambda sites: len(set(sites))):  # these leave least
        left = [kind for kind in left if 0 < sum(kind >> site & 1 for site in sites) < k]
        if not left:
            break
    return left


WORLDS = {
    "a version per release": PHP_PER_RELEASE,
    "two versions per release": TWO_PHPS_PER_RELEASE,
    "a list per release": LANGUAGES_PER_RELEASE,
    "a boolean and a list": BOOLEAN_AND_LIST,
    "a product and a count": PRODUCT_AND_COUNT,
}
PROVABLE = {
    "rounding to the nearest multiple": (BOOLEAN_AND_LIST, 5),
    "a margin beside the cells": (LANGUAGES_PER_RELEASE, 5),
    "an exact number of answers": (BOOLEAN_AND_LIST, 5),
    "values below the threshold": (BOOLEAN_AND_LIST, 5),
    "both sides of a boolean": (BOOLEAN_AND_LIST, 5),
    "other as a value": (PRODUCT_AND_COUNT, 5),
    "the first bucket": (PRODUCT_AND_COUNT, 5),
    "other as a cell of a cross-tabulation": (TWO_PHPS_PER_RELEASE, 9),
}
"""Broken rules, each with a world and a number of sites for which it proves something."""


@pytest.mark.parametrize(("k", "most"), [(2, 5), (3, 5)])
@pytest.mark.parametrize("world", WORLDS)
def test_no_publication_of_any_small_week_proves_anything_of_fewer_than_k_sites(
    toy: Project, world: str, k: int, most: int
) -> None:
    assert first_proof(toy, WORLDS[world], k, most, (publish, read)) is None


@pytest.mark.parametrize("rule", PROVABLE)
def test_the_solver_proves_something_under_a_broken_rule(toy: Project, rule: str) -> None:
    world, most = PROVABLE[rule]
    assert first_proof(toy, world, 2, most, BROKEN[rule]) is not None


def test_the_only_rule_that_is_broken_for_another_reason_is_an_exact_total(toy: Project) -> None:
    """It proves nothing by itself: fewer than k sites more of any kind change no other number.

    It is kept out because totals of two weeks tell single sites apart, and the
    witness property is stricter than the claim on purpose.
    """
    assert set(BROKEN) - set(PROVABLE) == {"an exact number of reports"}
    for world in WORLDS.values():
        assert first_proof(toy, world, 2, 5, BROKEN["an exact number of reports"]) is None


# --- weeks of more kinds, by an integer program ------------------------------------------------

Bounds = Callable[[int, int], tuple[int, int]]
"""The least and most that a count can be that was published as a number (0: not at all)."""


def floored(published: int, k: int) -> tuple[int, int]:
    return published, published + k - 1


def exactly(published: int, _k: int) -> tuple[int, int]:
    return published, published


class Solver:
    """Finds a week of these kinds of sites that leads to a publication, or proves that none does.

    A week is a whole number of sites of each kind; every counter of the server
    is a sum of some of them and lies within the bounds that its published
    number leaves.
    """

    def __init__(self, project: Project, kinds: Sequence[Site], k: int) -> None:
        self.k = k
        counted = [_counters(count(project, [kind])) for kind in kinds]
        self._counters = sorted({counter for one in counted for counter in one}, key=repr)
        self._adds = np.array([[c in one for one in counted] for c in self._counters], dtype=float)

    def week(
        self,
        publication: Publication,
        among: frozenset[int],
        sites: tuple[int, float],
        reports: Bounds = floored,
    ) -> tuple[int, ...] | None:
        """Return a consistent week with a number of sites (at least, at most) among some kinds.

        None means that there is none.
        """
        kinds = range(self._adds.shape[1])
        adds = np.vstack([self._adds, [kind in among for kind in kinds]])
        bounds = [self._bounds(counter, publication, reports) for counter in self._counters]
        least, most = np.array([*bounds, sites], dtype=float).T
        result = milp(
            np.zeros(len(kinds)),
            integrality=np.ones(len(kinds), dtype=int),
            constraints=LinearConstraint(adds, least, most),
        )
        if result.status == INFEASIBLE:
            return None
        assert result.success, result.message
        # The program computes with floats; its week is counted again in whole numbers.
        numbers = np.rint(result.x)
        assert (least <= adds @ numbers).all()
        assert (adds @ numbers <= most).all()
        return tuple(kind for kind in kinds for _ in range(int(numbers[kind])))

    def _bounds(
        self, counter: object, publication: Publication, reports: Bounds
    ) -> tuple[int, int]:
        match counter:
            case "reports":
                return reports(publication.reports, self.k)
            case int():
                return floored(publication.answers.get(counter, 0), self.k)
            case Cell():
                return floored(publication.values.get(counter, 0), self.k)
        raise AssertionError(counter)


def _counters(total: Tally) -> frozenset[object]:
    """Everything that one site is counted under."""
    return frozenset(("reports", *total.answers, *total.values))


def statements(kinds: Sequence[Site]) -> list[frozenset[int]]:
    """Values, their complements, refusals and all combinations of two of these."""
    atoms = set()
    for key in {key for kind in kinds for key in kind}:
        answered = frozenset(n for n, kind in enumerate(kinds) if key in kind)
        atoms |= {answered, frozenset(range(len(kinds))) - answered}
        for text in {text for kind in kinds for text in kind.get(key, ())}:
            holding = frozenset(n for n, kind in enumerate(kinds) if text in kind.get(key, ()))
            atoms |= {holding, answered - holding}
    pairs = {one & other for one, other in combinations(atoms, 2)}
    return sorted((atoms | pairs) - {frozenset()}, key=sorted)


# Weeks that an incomplete search once took for proven.
ALL_FOUR: Site = {VERSION: ("1.0",), PHP: ("8.2",), MULTISITE: ("true",), LANGUAGES: ("de",)}
PHP_AND_YES: Site = {PHP: ("8.2",), MULTISITE: ("true",)}
NO_LANGUAGE: Site = {VERSION: ("1.0",), PHP: ("other",), LANGUAGES: ()}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Site], int]:
    kinds = kinds_of(EVERYTHING)
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    sizes = draw(st.lists(st.integers(1, 5), min_size=len(chosen), max_size=len(chosen)))
    sites = [site for site, n in zip(chosen, sizes, strict=True) for _ in range(n)]
    return sites, draw(st.integers(2, 4))


@hypothesis.settings(deadline=None, max_examples=40)
@hypothesis.given(week=histories())
@hypothesis.example(([ALL_FOUR, *[PHP_AND_YES] * 9, *[NO_LANGUAGE] * 3], 2))
@hypothesis.example(([ALL_FOUR, *[PHP_AND_YES] * 6, *[NO_LANGUAGE] * 3], 2))
def test_every_statement_on_fewer_than_k_sites_is_refuted_by_a_consistent_week(
    toy: Project, week: tuple[list[Site], int]
) -> None:
    sites, k = week
    publication = publish(count(toy, sites), k)
    if publication is None:
        return  # nothing is published, so nothing is proven
    kinds = kinds_of(EVERYTHING)
    solver = Solver(toy, kinds, k)
    for among in statements(kinds):
        if not 0 < sum(kinds.index(site) in among for site in sites) < k:
            continue  # the true week refutes it
        found = solver.week(publication, among, (0, 0))
        if found is None:
            found = solver.week(publication, among, (k, np.inf))
        assert found is not None, [kinds[kind] for kind in among]
        assert publish(count(toy, [kinds[kind] for kind in found]), k) == publication
        assert not 0 < sum(kind in among for kind in found) < k


def test_the_solver_finds_none_if_there_is_none(toy: Project) -> None:
    """Seven of eight sites say true: with an exact total, one that does not is proven."""
    kinds = kinds_of(EVERYTHING)
    solver = Solver(toy, kinds, 4)
    yes: Site = {MULTISITE: ("true",)}
    sites: list[Site] = [*[yes] * 8, {MULTISITE: ("false",)}]
    publication = publish(count(toy, sites), 4)
    assert publication is not None
    exact = Publication(9, publication.answers, publication.values)
    others = frozenset(n for n, kind in enumerate(kinds) if kind.get(MULTISITE) != ("true",))
    assert solver.week(publication, others, (0, 0)) is not None
    assert solver.week(exact, others, (1, 1), exactly) is not None
    assert solver.week(exact, others, (2, np.inf), exactly) is None
