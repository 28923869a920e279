"""What is published of a week is itself a possible truth made of blocks of k identical sites.

From that follows the promise: whatever the published numbers allow to be said
of 1 to k-1 sites is false in at least one week that they are consistent with.
The possible truth (the witness) is built here from the publication alone, as
real reports, and has to lead to the same publication. Rules that would break
the promise are tried as well, and have to be caught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import hypothesis
import pytest
from headcount_server.counting.tally import Cell
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
    Close,
    Read,
    Site,
    count,
    read,
)


def witness(project: Project, publication: Publication | None, k: int) -> list[Site]:
    """Sites in blocks of k identical ones that lead to the same publication."""
    if publication is None:
        return []
    blocks: list[Site] = [{} for _ in range(publication.reports // k)]
    cells: dict[int, dict[str, dict[str, int]]] = {}
    for cell, n in publication.values.items():
        cells.setdefault(cell.key, {}).setdefault(cell.release, {})[cell.value] = n // k
    for key in sorted(publication.answers):
        answered = publication.answers[key] // k
        for release, counts in cells.get(key, {}).items():
            group = [
                block
                for block in blocks
                if not project.keys[key].crossed or _release(block) == release
            ]
            _place(key, group, counts)
        rest = (block for block in blocks if key not in block)
        given = sum(key in block for block in blocks)
        for block in islice(rest, max(0, answered - given)):
            block[key] = () if key in LISTS else (HIDDEN[key],)
    return [dict(block) for block in blocks for _ in range(k)]


def _release(block: Site) -> str:
    return block.get(VERSION, ("other",))[0]


def _place(key: int, group: Sequence[Site], counts: Mapping[str, int]) -> None:
    if key in LISTS:  # members overlap
        for value, n in counts.items():
            for block in group[:n]:
                block[key] = (*block.get(key, ()), value)
        return
    free = iter(group)
    for value, n in counts.items():
        for block in islice(free, n):
            block[key] = (value,)


def one_of(*texts: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sampled_from([(text,) for text in texts])


def some_of(*texts: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(texts), unique=True).map(tuple)


SITE: st.SearchStrategy[Site] = st.fixed_dictionaries(
    {},
    optional={
        VERSION: one_of("1.0", "1.1", "other"),
        PHP: one_of("8.1", "8.2", "other"),
        MULTISITE: one_of("true", "false"),
        SERVER: one_of("Apache 2.4", "nginx", "other"),
        NODES: one_of("0", "10-99", "100+"),
        MODULES: some_of("block", "views", "other"),
        NOTE: one_of("hello", "other"),
        LANGUAGES: some_of("de", "fr", "other"),
    },
)


@st.composite
def weeks(draw: st.DrawFn) -> tuple[list[Site], int]:
    """A week's sites, in groups of alike ones so that counts get past k, and a threshold."""
    kinds = draw(st.lists(SITE, min_size=1, max_size=5))
    sizes = draw(st.lists(st.integers(1, 12), min_size=len(kinds), max_size=len(kinds)))
    sites = [site for site, size in zip(kinds, sizes, strict=True) for _ in range(size)]
    return sites, draw(st.integers(2, 5))


def holds(
    project: Project, sites: list[Site], k: int, closing: Close = publish, reading: Read = read
) -> bool:
    """Whether the witness of a week's publication is published alike."""
    published = closing(count(project, sites, reading), k)
    again = closing(count(project, witness(project, published, k), reading), k)
    return again == published


@hypothesis.settings(deadline=None, max_examples=400)
@hypothesis.given(week=weeks())
def test_the_publication_is_a_possible_truth_made_of_blocks_of_k(
    toy: Project, week: tuple[list[Site], int]
) -> None:
    assert holds(toy, *week)


@hypothesis.settings(deadline=None)
@hypothesis.given(week=weeks())
def test_every_published_number_is_a_positive_multiple_of_k_and_at_most_the_truth(
    toy: Project, week: tuple[list[Site], int]
) -> None:
    sites, k = week
    total = count(toy, sites)
    published = publish(total, k)
    if published is None:
        assert total.reports < k
        return
    pairs = [
        (published.reports, total.reports),
        *((n, total.answers[key]) for key, n in published.answers.items()),
        *((n, total.values[cell]) for cell, n in published.values.items()),
    ]
    assert all(n > 0 and n % k == 0 and n <= truth < n + k for n, truth in pairs)


def test_with_a_threshold_of_one_a_private_deployment_sees_exact_totals(toy: Project) -> None:
    published = publish(count(toy, [{PHP: ("8.2",)}]), 1)
    assert published == Publication(1, {PHP: 1}, {Cell(PHP, "8.2", "other"): 1})


@pytest.mark.slow
@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_would_break_the_promise_is_caught(toy: Project, rule: str) -> None:
    closing, reading = BROKEN[rule]
    hypothesis.find(
        weeks(),
        lambda week: not holds(toy, week[0], week[1], closing, reading),
        # One counter-example is enough; making it small takes longer than finding it.
        settings=hypothesis.settings(
            max_examples=5000, deadline=None, phases=(hypothesis.Phase.generate,)
        ),
    )
