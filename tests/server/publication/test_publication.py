"""What is published of a week is itself a possible truth made of blocks of k identical sites.

From that follows the promise: whatever the published numbers allow to be said
of 1 to k-1 sites is false in at least one week that they are consistent with.
The possible truth (the witness) is built here from the publication alone, as
real reports, and has to lead to the same publication, whichever releases are
told apart and whatever thresholds keys ask for. Rules that would break the
promise are tried as well, and have to be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import hypothesis
import pytest
from headcount_server.counting.tally import Cell
from headcount_server.publication.partition import OTHER_RELEASES, fold
from headcount_server.publication.rounding import Publication, publish
from headcount_server.registry.schema import Project
from hypothesis import strategies as st
from support.small_weeks import (
    BROKEN,
    HIDDEN,
    LANGUAGES,
    LISTS,
    MODULES,
    MULTISITE,
    NODES,
    NOTE,
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

RELEASES = ("1.0", "1.1")
CROSSABLE = {
    PHP: ("8.1", "8.2"),
    SERVER: ("Apache 2.4", "nginx"),
    MULTISITE: ("true",),
    NODES: ("10-99", "100+"),
}
"""Keys that may be counted per release, and what is tallied of them."""


def witness(rule: Rule, publication: Publication | None) -> list[Site] | None:
    """Sites in blocks of k identical ones that lead to the same publication; None if none can."""
    if publication is None:
        return []
    k = rule.k
    blocks: list[Site] = [{} for _ in range(publication.reports // k)]
    cells: dict[int, dict[tuple[str, str], int]] = {}
    for cell, n in publication.values.items():
        cells.setdefault(cell.key, {})[cell.value, cell.release] = n // k
    for key in sorted(publication.answers):
        demands = cells.get(key, {})
        if key in LISTS:  # members overlap
            for (value, _), n in demands.items():
                for block in blocks[:n]:
                    block[key] = (*block.get(key, ()), value)
        elif not _place(rule, key, blocks, demands):
            return None
        rest = (block for block in blocks if key not in block)
        given = sum(key in block for block in blocks)
        for block in islice(rest, max(0, publication.answers[key] // k - given)):
            block[key] = () if key in LISTS else (HIDDEN[key],)
    return [dict(block) for block in blocks for _ in range(k)]


def _place(
    rule: Rule, key: int, blocks: Sequence[Site], demands: Mapping[tuple[str, str], int]
) -> bool:
    """Give each demanded block a value of the key; False if the releases do not allow it."""

    def allows(value: str, part: str, block: Site) -> bool:
        if not rule.terms[key].crossed:
            return True
        release = block.get(VERSION, ("other",))[0]
        apart = rule.apart.get((key, value), frozenset())
        return release == part if part in apart else release not in apart

    wanted = [at for at, n in demands.items() for _ in range(n)]
    taken: dict[int, int] = {}

    def find(want: int, seen: set[int]) -> bool:
        for at, block in enumerate(blocks):
            if at not in seen and allows(*wanted[want], block):
                seen.add(at)
                if at not in taken or find(taken[at], seen):
                    taken[at] = want
                    return True
        return False

    placed = all(find(want, set()) for want in range(len(wanted)))
    for at, want in taken.items():
        blocks[at][key] = (wanted[want][0],)
    return placed


def one_of(*texts: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sampled_from([(text,) for text in texts])


def some_of(*texts: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(texts), unique=True).map(tuple)


SITE: st.SearchStrategy[Site] = st.fixed_dictionaries(
    {},
    optional={
        VERSION: one_of(*RELEASES, "other"),
        PHP: one_of("8.1", "8.2", "other"),
        MULTISITE: one_of("true", "false"),
        SERVER: one_of("Apache 2.4", "nginx", "other"),
        NODES: one_of("0", "10-99", "100+"),
        MODULES: some_of("block", "views", "other"),
        NOTE: one_of("hello", "other"),
        LANGUAGES: some_of("de", "fr", "other"),
    },
)

Week = tuple[list[Site], "Settled"]
Settled = Callable[[Project], Rule]


@st.composite
def rules(draw: st.DrawFn) -> Settled:
    """Any k, any keys counted per release, any releases told apart, any own thresholds."""
    k = draw(st.integers(2, 5))
    by = draw(st.sets(st.sampled_from(sorted(CROSSABLE)), max_size=3))
    keys = st.sampled_from([VERSION, *CROSSABLE, MODULES])
    thresholds = draw(st.dictionaries(keys, st.integers(1, 4 * k), max_size=3))
    cells = [(key, value) for key in sorted(by) for value in CROSSABLE[key]]
    apart = {cell: draw(st.frozensets(st.sampled_from(RELEASES)).map(frozenset)) for cell in cells}
    told = {cell: releases for cell, releases in apart.items() if releases}
    return lambda project: Rule(declared(project, by, thresholds), k, told)


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    """A week's sites, in groups of alike ones so that counts get past k, and its rule."""
    kinds = draw(st.lists(SITE, min_size=1, max_size=5))
    sizes = draw(st.lists(st.integers(1, 12), min_size=len(kinds), max_size=len(kinds)))
    sites = [site for site, size in zip(kinds, sizes, strict=True) for _ in range(size)]
    return sites, draw(rules())


def holds(rule: Rule, sites: list[Site], closing: Closing = rightly) -> bool:
    """Whether the witness of a week's publication is published alike."""
    published = closing(rule, sites)
    possible = witness(rule, published)
    return possible is not None and closing(rule, possible) == published


@pytest.mark.slow
@hypothesis.settings(deadline=None, max_examples=400)
@hypothesis.given(week=weeks())
def test_the_publication_is_a_possible_truth_made_of_blocks_of_k(toy: Project, week: Week) -> None:
    sites, settled = week
    assert holds(settled(toy), sites)


@pytest.mark.slow
@hypothesis.settings(deadline=None)
@hypothesis.given(week=weeks())
def test_every_published_number_is_a_multiple_of_its_threshold_and_at_most_the_truth(
    toy: Project, week: Week
) -> None:
    sites, settled = week
    rule = settled(toy)
    total = fold(count(rule.project, sites), rule.apart)
    published = rightly(rule, sites)
    if published is None:
        assert total.reports < rule.k
        return
    own = {key: its.threshold for key, its in rule.terms.items()}
    assert all(threshold % rule.k == 0 for threshold in own.values())
    crossed = [key for key, its in rule.terms.items() if its.crossed]
    assert all(own[key] % own[VERSION] == 0 for key in crossed)
    assert all(own[key] >= rule.project.keys[key].declaration.threshold for key in own)
    numbers = [
        (published.reports, total.reports, rule.k),
        *((published.answers.get(key, 0), n, own[key]) for key, n in total.answers.items()),
        *((published.values.get(cell, 0), n, own[cell.key]) for cell, n in total.values.items()),
    ]
    assert all(n % k == 0 and n <= truth < n + k for n, truth, k in numbers)
    assert 0 not in {*published.answers.values(), *published.values.values()}


def test_with_a_threshold_of_one_a_private_deployment_sees_exact_totals(toy: Project) -> None:
    published = publish(count(toy, [{PHP: ("8.2",)}]), 1)
    assert published == Publication(1, {PHP: 1}, {Cell(PHP, "8.2", "other"): 1})


def test_all_releases_that_are_not_told_apart_are_one_cell_with_unknown_ones(toy: Project) -> None:
    rule = Rule(declared(toy, [PHP]), 2, {(PHP, "8.2"): frozenset({"1.0"})})
    old: Site = {VERSION: ("1.0",), PHP: ("8.2",)}
    older: Site = {VERSION: ("1.0",), PHP: ("8.1",)}
    sites: list[Site] = [
        *[old] * 3,
        {VERSION: ("1.1",), PHP: ("8.2",)},
        {VERSION: ("other",), PHP: ("8.2",)},
        {PHP: ("8.2",)},
        *[older] * 2,
    ]
    published = rightly(rule, sites)
    assert published is not None
    assert {cell: n for cell, n in published.values.items() if cell.key == PHP} == {
        Cell(PHP, "8.2", "1.0"): 2,
        Cell(PHP, "8.2", OTHER_RELEASES): 2,
        Cell(PHP, "8.1", OTHER_RELEASES): 2,
    }
    assert published.told_apart == rule.apart


@pytest.mark.slow
@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_would_break_the_promise_is_caught(toy: Project, rule: str) -> None:
    hypothesis.find(
        weeks(),
        lambda week: not holds(week[1](toy), week[0], BROKEN[rule]),
        # One counter-example is enough; making it small takes longer than finding it.
        settings=hypothesis.settings(
            max_examples=5000, deadline=None, phases=(hypothesis.Phase.generate,)
        ),
    )
