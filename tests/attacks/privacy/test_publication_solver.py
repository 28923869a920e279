"""Nobody can prove anything of 1 to k-1 sites from published numbers: solved exactly.

Two solvers know the rules, the declarations, what is told apart and all
published numbers, and nothing of `test_publication`'s witness:

- one goes through every week that there can be of a few kinds of sites, and
  asks for every set of these kinds (so for every value, complement and
  combination) whether all weeks with the same publication agree that 1 to k-1
  sites are in it, and for every printed number whether they agree on the total;
- one solves an integer program for random weeks of more kinds: it finds a
  consistent week that refutes the statement, or proves that there is none.

A report may answer nothing and still counts as a site, so such reports are
among the possible ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, combinations_with_replacement, product

import hypothesis
import numpy as np
import pytest
from headcount_server.counting.tally import Cell, Tally
from headcount_server.publication.key_terms import threshold_of
from headcount_server.publication.partition import Partition, fold
from headcount_server.publication.rounding import Publication
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
    Closing,
    Rule,
    Site,
    count,
    declared,
    rightly,
)

NO_ANSWER = None
INFEASIBLE = 2
"""What `milp` says if no week is consistent."""
Answers = Mapping[int, Sequence[tuple[str, ...] | None]]
"""What the sites of a small world answer, by key."""


@dataclass(frozen=True)
class World:
    """What the sites of a small world can answer, and what was settled before."""

    answers: Answers
    by: tuple[int, ...] = ()
    apart: Partition = field(default_factory=dict)
    thresholds: Mapping[int, int] = field(default_factory=dict)

    def rule(self, toy: Project, k: int) -> Rule:
        return Rule(declared(toy, self.by, self.thresholds), k, self.apart)


NOT_KNOWN: Answers = {VERSION: [NO_ANSWER, ("1.0",), ("other",)]}
ONE_OF_TWO: Answers = {VERSION: [("1.0",), ("1.1",), ("other",)]}
ONE_PHP: Answers = {PHP: [NO_ANSWER, ("8.2",), ("other",)]}
TWO_PHPS: Answers = {PHP: [NO_ANSWER, ("8.1",), ("8.2",), ("other",)]}
OLD, NEW, BOTH = frozenset({"1.0"}), frozenset({"1.1"}), frozenset({"1.0", "1.1"})

BOOLEAN_AND_LIST = World(
    {MULTISITE: [NO_ANSWER, ("true",), ("false",)], MODULES: [NO_ANSWER, (), ("block",)]}
)
PRODUCT_AND_COUNT = World(
    {
        SERVER: [NO_ANSWER, ("Apache 2.4",), ("other",)],
        NODES: [NO_ANSWER, ("0",), ("10-99",)],
    }
)
NOTHING_APART = World({**ONE_OF_TWO, **ONE_PHP}, (PHP,))
ONE_TOLD_APART = World({**ONE_OF_TWO, **ONE_PHP}, (PHP,), {(PHP, "8.2"): OLD})
TWO_VALUES = World({VERSION: [NO_ANSWER, ("1.0",)], **TWO_PHPS}, (PHP,), {(PHP, "8.2"): OLD})
WORLDS = {
    "a boolean and a list": BOOLEAN_AND_LIST,
    "a product and a count": PRODUCT_AND_COUNT,
    "nothing told apart": NOTHING_APART,
    "one release told apart": ONE_TOLD_APART,
    "both releases told apart": World({**ONE_OF_TWO, **ONE_PHP}, (PHP,), {(PHP, "8.2"): BOTH}),
    "a release that is not known": World({**NOT_KNOWN, **ONE_PHP}, (PHP,), {(PHP, "8.2"): OLD}),
    "one of two values told apart": TWO_VALUES,
    "a release told apart for both values": World(
        {VERSION: [NO_ANSWER, ("1.0",)], **TWO_PHPS},
        (PHP,),
        {(PHP, "8.1"): OLD, (PHP, "8.2"): OLD},
    ),
    "two crossed keys": World(
        {
            VERSION: [("1.0",), ("other",)],
            PHP: [("8.2",), ("other",)],
            MULTISITE: [("true",), ("false",)],
        },
        (PHP, MULTISITE),
        {(PHP, "8.2"): OLD, (MULTISITE, "true"): OLD},
    ),
    "a crossed key beside a list": World(
        {VERSION: [NO_ANSWER, ("1.0",)], **ONE_PHP, LANGUAGES: [NO_ANSWER, ("de",)]},
        (PHP,),
        {(PHP, "8.2"): OLD},
    ),
    "a key with a threshold": World(
        {**ONE_OF_TWO, **ONE_PHP}, (PHP,), {(PHP, "8.2"): OLD}, {PHP: 4}
    ),
    "a release with a threshold": World(
        {**ONE_OF_TWO, **ONE_PHP}, (PHP,), {(PHP, "8.2"): NEW}, {VERSION: 4}
    ),
}
PROVABLE = {
    "rounding to the nearest multiple": (BOOLEAN_AND_LIST, 5),
    "a margin beside the cells": (ONE_TOLD_APART, 5),
    "an exact number of answers": (BOOLEAN_AND_LIST, 5),
    "values below the threshold": (BOOLEAN_AND_LIST, 5),
    "both sides of a boolean": (BOOLEAN_AND_LIST, 5),
    "other as a value": (PRODUCT_AND_COUNT, 5),
    "the first bucket": (PRODUCT_AND_COUNT, 5),
    "other as a cell of a cross-tabulation": (TWO_VALUES, 7),
    "unknown releases apart from the rest": (NOTHING_APART, 5),
    "releases told apart by the week's own data": (ONE_TOLD_APART, 5),
    "a threshold that is no multiple": (
        World({VERSION: [NO_ANSWER, ("1.0",)], **ONE_PHP}, (PHP,), {}, {PHP: 3}),
        7,
    ),
}
"""Broken rules, each with a world and a number of sites for which it proves something."""
CONTRADICTING = {
    "a key uncrossed within the week",
    "a release with a place in `version` but not in the cells",
}
"""Broken rules whose publications can be those of no week at all."""


def kinds_of(world: World) -> list[Site]:
    """Every kind of site that there can be."""
    return [
        {key: texts for key, texts in zip(world.answers, chosen, strict=True) if texts is not None}
        for chosen in product(*world.answers.values())
    ]


# --- all weeks of a few kinds -------------------------------------------------------------------


Alike = Mapping[str, Sequence[tuple[int, ...]]]
"""Weeks, as kinds of their sites, by their publication."""


def alike(rule: Rule, kinds: Sequence[Site], most: int, closing: Closing = rightly) -> Alike:
    """Every week of up to `most` sites of these kinds."""
    weeks: defaultdict[str, list[tuple[int, ...]]] = defaultdict(list)
    for sites in range(most + 1):
        for chosen in combinations_with_replacement(range(len(kinds)), sites):
            weeks[repr(closing(rule, [kinds[kind] for kind in chosen]))].append(chosen)
    return weeks


def first_proof(rule: Rule, kinds: Sequence[Site], most: int, closing: Closing) -> str | None:
    """What a publication of a week of up to `most` sites proves; None if nothing ever."""
    k = rule.k
    counters = [_counters(rule, kind) for kind in kinds]
    for published, weeks in alike(rule, kinds, most, closing).items():
        # Rounding moves a total by less than k, so these are all weeks of the kind.
        if min(map(len, weeks)) > most - k + 1:
            continue
        proven = _proven(weeks, len(kinds), k)
        if proven:
            named = [kinds[kind] for kind in range(len(kinds)) if min(proven) >> kind & 1]
            return f"{published} proves that 1 to {k - 1} sites are among {named}"
        exact = _exact(weeks, counters)
        if exact and published != "None":
            return f"{published} proves the totals of {exact}"
    return None


def _proven(weeks: Iterable[tuple[int, ...]], kinds: int, k: int) -> list[int]:
    """The sets of kinds (as bits) that hold 1 to k-1 sites in each of these weeks."""
    left = list(range(1, 1 << kinds))
    for sites in sorted(weeks, key=lambda sites: len(set(sites))):  # these leave least
        left = [kind for kind in left if 0 < sum(kind >> site & 1 for site in sites) < k]
        if not left:
            break
    return left


def _exact(weeks: Iterable[tuple[int, ...]], counters: Sequence[frozenset[object]]) -> list[object]:
    """The counters whose total is the same in each of these weeks."""
    totals: defaultdict[object, set[int]] = defaultdict(set)
    every = frozenset[object]().union(*counters)
    for sites in weeks:
        for counter in every:
            totals[counter].add(sum(counter in counters[site] for site in sites))
    return sorted((counter for counter, found in totals.items() if len(found) == 1), key=repr)


@pytest.mark.parametrize(("k", "most"), [(2, 5), (3, 5)])
@pytest.mark.parametrize("world", WORLDS)
def test_no_publication_of_any_small_week_proves_anything_of_fewer_than_k_sites(
    toy: Project, world: str, k: int, most: int
) -> None:
    rule = WORLDS[world].rule(toy, k)
    assert first_proof(rule, kinds_of(WORLDS[world]), most, rightly) is None


@pytest.mark.parametrize("broken", PROVABLE)
def test_the_solver_proves_something_under_a_broken_rule(toy: Project, broken: str) -> None:
    world, most = PROVABLE[broken]
    assert first_proof(world.rule(toy, 2), kinds_of(world), most, BROKEN[broken]) is not None


@pytest.mark.parametrize("broken", sorted(CONTRADICTING))
def test_a_rule_whose_reports_and_cells_disagree_publishes_what_no_week_can_be(
    toy: Project, broken: str
) -> None:
    rule, kinds = ONE_TOLD_APART.rule(toy, 2), kinds_of(ONE_TOLD_APART)
    possible = alike(rule, kinds, 5)
    assert alike(rule, kinds, 4, BROKEN[broken]).keys() - possible.keys()


def test_every_broken_rule_is_caught_by_a_solver_but_an_exact_total() -> None:
    """It proves nothing of fewer than k sites by itself: more of any kind change no other number.

    It is kept out because totals of two weeks tell single sites apart, and the
    witness property is stricter than the claim on purpose.
    """
    assert {*BROKEN} - {*PROVABLE} - CONTRADICTING == {"an exact number of reports"}


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

    def __init__(self, rule: Rule, kinds: Sequence[Site]) -> None:
        self._rule = rule
        counted = [_counters(rule, kind) for kind in kinds]
        self.counters = sorted({counter for one in counted for counter in one}, key=repr)
        self._adds = np.array([[c in one for one in counted] for c in self.counters], dtype=float)

    def among(self, counter: object) -> frozenset[int]:
        """The kinds that a counter counts."""
        row = self._adds[self.counters.index(counter)]
        return frozenset(kind for kind in range(len(row)) if row[kind])

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
        bounds = [self._bounds(counter, publication, reports) for counter in self.counters]
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
        terms, k = self._rule.terms, self._rule.k
        match counter:
            case "reports":
                return reports(publication.reports, k)
            case int():
                step = threshold_of(terms, counter, k)
                return floored(publication.answers.get(counter, 0), step)
            case Cell():
                step = threshold_of(terms, counter.key, k)
                return floored(publication.values.get(counter, 0), step)
        raise AssertionError(counter)


def _counters(rule: Rule, site: Site) -> frozenset[object]:
    """Everything that one site is counted under."""
    total: Tally = fold(count(rule.project, [site]), rule.apart)
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


EVERYTHING = World(
    {
        VERSION: [("1.0",), ("1.1",), ("other",)],
        PHP: [NO_ANSWER, ("8.2",), ("other",)],
        MULTISITE: [NO_ANSWER, ("true",), ("false",)],
        LANGUAGES: [NO_ANSWER, (), ("de",), ("de", "fr")],
    }
)
KINDS = kinds_of(EVERYTHING)

# Weeks that an incomplete search once took for proven.
ALL_FOUR: Site = {VERSION: ("1.0",), PHP: ("8.2",), MULTISITE: ("true",), LANGUAGES: ("de",)}
PHP_AND_YES: Site = {VERSION: ("other",), PHP: ("8.2",), MULTISITE: ("true",)}
NO_LANGUAGE: Site = {VERSION: ("1.0",), PHP: ("other",), LANGUAGES: ()}

Settled = tuple[tuple[int, ...], Partition, Mapping[int, int], int]
PLAIN: Settled = ((), {}, {}, 2)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Site], Settled]:
    chosen = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    sizes = draw(st.lists(st.integers(1, 5), min_size=len(chosen), max_size=len(chosen)))
    sites = [site for site, n in zip(chosen, sizes, strict=True) for _ in range(n)]
    by = draw(st.sampled_from([(), (PHP,), (PHP, MULTISITE)]))
    apart = {
        at: draw(st.sampled_from([OLD, NEW, BOTH]))
        for at in ((PHP, "8.2"), (MULTISITE, "true"))
        if at[0] in by and draw(st.booleans())
    }
    k = draw(st.integers(2, 4))
    thresholds = draw(
        st.dictionaries(st.sampled_from([VERSION, PHP, MULTISITE]), st.integers(1, 3 * k))
    )
    return sites, (tuple(by), apart, thresholds, k)


@hypothesis.settings(deadline=None, max_examples=20)
@hypothesis.given(week=histories())
@hypothesis.example(([ALL_FOUR, *[PHP_AND_YES] * 9, *[NO_LANGUAGE] * 3], PLAIN))
@hypothesis.example(([ALL_FOUR, *[PHP_AND_YES] * 6, *[NO_LANGUAGE] * 3], PLAIN))
def test_every_statement_on_fewer_than_k_sites_is_refuted_by_a_consistent_week(
    toy: Project, week: tuple[list[Site], Settled]
) -> None:
    sites, (by, apart, thresholds, k) = week
    rule = Rule(declared(toy, by, thresholds), k, apart)
    publication = rightly(rule, sites)
    if publication is None:
        return  # nothing is published, so nothing is proven
    solver = Solver(rule, KINDS)
    for among in statements(KINDS):
        if not 0 < sum(KINDS.index(site) in among for site in sites) < k:
            continue  # the true week refutes it
        found = solver.week(publication, among, (0, 0))
        if found is None:
            found = solver.week(publication, among, (k, np.inf))
        assert found is not None, [KINDS[kind] for kind in among]
        assert rightly(rule, [KINDS[kind] for kind in found]) == publication
        assert not 0 < sum(kind in among for kind in found) < k
    for counter in solver.counters:  # and no total is known exactly
        among = solver.among(counter)
        truth = sum(KINDS.index(site) in among for site in sites)
        more = solver.week(publication, among, (truth + 1, np.inf))
        assert more or solver.week(publication, among, (0, truth - 1)) is not None, counter


def test_the_solver_finds_none_if_there_is_none(toy: Project) -> None:
    """Seven of eight sites say true: with an exact total, one that does not is proven."""
    rule = Rule(declared(toy, ()), 4)
    solver = Solver(rule, KINDS)
    yes: Site = {VERSION: ("other",), MULTISITE: ("true",)}
    sites: list[Site] = [*[yes] * 8, {VERSION: ("other",), MULTISITE: ("false",)}]
    publication = rightly(rule, sites)
    assert publication is not None
    exact = Publication(9, publication.answers, publication.values)
    others = frozenset(n for n, kind in enumerate(KINDS) if kind.get(MULTISITE) != ("true",))
    assert solver.week(publication, others, (0, 0)) is not None
    assert solver.week(exact, others, (1, 1), exactly) is not None
    assert solver.week(exact, others, (2, np.inf), exactly) is None
