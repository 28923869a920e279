"""What is published of a week is itself a possible truth made of blocks of k identical sites.

From that follows the promise: whatever the published numbers allow to be said
of 1 to k-1 sites is false in at least one week that they are consistent with.
The possible truth (the witness) is built here from the publication alone, as
real reports, and has to lead to the same publication. Rules that would break
the promise are tried as well, and have to be caught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

import hypothesis
import pytest
from headcount_server import answers
from headcount_server.answers import Answers
from headcount_server.publication import Publication, publish
from headcount_server.schema import Project
from headcount_server.tally import Cell, Tally, tally
from hypothesis import strategies as st

VERSION, PHP, MULTISITE, SERVER, NODES, MODULES, NOTE, LANGUAGES = 1, 2, 3, 4, 5, 6, 8, 10
SINGLE, LISTS, CROSSED = (
    (PHP, MULTISITE, SERVER, NODES, NOTE),
    (MODULES, LANGUAGES),
    (PHP, LANGUAGES),
)
HIDDEN = {
    VERSION: "other",
    PHP: "other",
    MULTISITE: "false",
    SERVER: "other",
    NODES: "0",
    NOTE: "other",
}

Site = dict[int, tuple[str, ...]]
"""What one site answers: texts by key, one for a single-valued key."""
Read = Callable[[Project, Site], Answers]
Close = Callable[[Tally, int], Publication | None]

_ENUMS = {
    "other": 1,
    "Apache": 2,
    "nginx": 3,
    "block": 2,
    "views": 3,
    "de": 2,
    "fr": 3,
}


def read(project: Project, site: Site) -> Answers:
    """A site's answers as the server takes them from its real report."""
    report: Any = project.report_class()
    for key, texts in site.items():
        message = getattr(report, project.keys[key].name)
        message.SetInParent()
        match key:
            case 3:
                message.value = texts[0] == "true"
            case 4:
                product, _, message.version = texts[0].partition(" ")
                message.value = _ENUMS[product]
            case 5:
                message.value = int(texts[0].rstrip("+").partition("-")[0])
            case 6 | 10:
                message.values.extend(_ENUMS[text] for text in texts)
            case _:
                message.value = texts[0]
    return answers.read(project, report.SerializeToString(), date(2026, 11, 21))


def count(project: Project, sites: Iterable[Site], reading: Read = read) -> Tally:
    """The tally of these sites."""
    return tally(project, [reading(project, site) for site in sites])


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


# --- rules that break the promise ---------------------------------------------------------------


def nearest(total: Tally, k: int) -> Publication | None:
    def near(n: int) -> int:
        return (n + k // 2) // k * k

    if not near(total.reports):
        return None
    return Publication(
        near(total.reports),
        {key: near(n) for key, n in total.answers.items() if near(n)},
        {cell: near(n) for cell, n in total.values.items() if near(n)},
    )


def with_margin(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    if published is None:
        return None
    margins: dict[Cell, int] = {}
    for cell, n in total.values.items():
        if cell.key in CROSSED:
            margin = Cell(cell.key, cell.value, "")
            margins[margin] = margins.get(margin, 0) + n
    floors = {cell: n - n % k for cell, n in margins.items() if n >= k}
    return replace(published, values={**published.values, **floors})


def exact_reports(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    return published and replace(published, reports=total.reports)


def exact_answers(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    return published and replace(published, answers=dict(total.answers))


def keeping_small(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    small = {cell: n for cell, n in total.values.items() if n < k}
    return published and replace(published, values={**published.values, **small})


def showing(*keys: int) -> Read:
    """Reading that tallies also the class of these keys that is never to be printed."""

    def reading(project: Project, site: Site) -> Answers:
        taken = read(project, site)
        given = tuple(
            replace(a, values=(HIDDEN[a.key],)) if a.key in keys and not a.values else a
            for a in taken.given
        )
        return replace(taken, given=given)

    return reading


@pytest.mark.parametrize(
    ("closing", "reading"),
    [
        pytest.param(nearest, read, id="rounding to the nearest multiple"),
        pytest.param(with_margin, read, id="a margin beside the cells"),
        pytest.param(exact_reports, read, id="an exact number of reports"),
        pytest.param(exact_answers, read, id="an exact number of answers"),
        pytest.param(keeping_small, read, id="values below the threshold"),
        pytest.param(publish, showing(MULTISITE), id="both sides of a boolean"),
        pytest.param(publish, showing(SERVER), id="other as a value"),
        pytest.param(publish, showing(NODES), id="the first bucket"),
        pytest.param(publish, showing(PHP), id="other as a cell of a cross-tabulation"),
    ],
)
def test_a_rule_that_would_break_the_promise_is_caught(
    toy: Project, closing: Close, reading: Read
) -> None:
    hypothesis.find(
        weeks(),
        lambda week: not holds(toy, week[0], week[1], closing, reading),
        settings=hypothesis.settings(max_examples=5000, deadline=None, database=None),
    )
