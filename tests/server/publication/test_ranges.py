"""Printed ranges hold the truth, and are nearly as tight as what is published allows.

The judge is a linear program that knows the rules and all published numbers:
its least and largest numbers over all weeks that publish the same. 200 random
weeks; `HEADCOUNT_WEEKS=10000` for the long form (`make soak`).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from headcount.v1 import options_pb2
from headcount_server.counting.tally import Cell
from headcount_server.publication.published import PublishedProject, Retraction
from headcount_server.publication.ranges import KeyRanges, Range, key_ranges
from headcount_server.publication.rounding import Publication
from headcount_server.registry.schema import Project
from scipy.optimize import linprog
from support.small_weeks import LANGUAGES, PHP, VERSION, Rule, Site, declared, rightly

pytestmark = pytest.mark.heavy

WEEKS = int(os.environ.get("HEADCOUNT_WEEKS", "200"))
RELEASES = ("1.0", "1.1", "1.2")
VALUES = ("8.1", "8.2", "8.3")
OLD = frozenset({"1.0"})
LIST, VERSIONS = options_pb2.KEY_TYPE_LIST, options_pb2.KEY_TYPE_VERSION


def published(rule: Rule, sites: list[Site]) -> PublishedProject | None:
    """What a week of these sites publishes, all values having a place."""
    found = rightly(rule, sites)
    if found is None:
        return None
    names = {number: key.name for number, key in rule.project.keys.items()}
    places = {PHP: frozenset(VALUES), VERSION: frozenset(RELEASES)}
    return PublishedProject("toy", (), names, found, (), rule.terms, places, VERSION)


def shown(rule: Rule, sites: list[Site], key: int = PHP) -> KeyRanges:
    """The ranges of a key."""
    project = published(rule, sites)
    assert project is not None
    found = key_ranges(project, key, rule.k)
    assert found is not None
    return found


def random_week(toy: Project, chance: random.Random) -> tuple[Rule, list[Site]]:
    """A week of 20 to 400 sites, with any releases told apart and any thresholds."""
    k = chance.choice((2, 3, 5, 5, 5))
    thresholds = chance.choice(({}, {}, {PHP: 2 * k}, {PHP: 2 * k, VERSION: 2 * k}))
    apart = {
        (PHP, value): frozenset(chance.sample(RELEASES, chance.randint(1, 3)))
        for value in VALUES
        if chance.random() < 0.5
    }
    weights = [chance.random() ** 2 for _ in (*VALUES, "other")]
    sites: list[Site] = []
    for _ in range(chance.randint(20, 400)):
        site: Site = {}
        if chance.random() < 0.97:
            site[VERSION] = (chance.choices((*RELEASES, "other"), (6, 3, 1, 0.3))[0],)
        if chance.random() < 0.95:
            site[PHP] = (chance.choices((*VALUES, "other"), weights)[0],)
        sites.append(site)
    by = (PHP,) if chance.random() < 0.8 else ()
    return Rule(declared(toy, by, thresholds), k, apart if by else {}), sites


Kind = tuple[str | None, str | None]
"""A release and a value; None where a site does not answer."""
KINDS: tuple[Kind, ...] = tuple(product((*RELEASES, "other", None), (*VALUES, "other", None)))


def of_value(*values: str) -> set[Kind]:
    """The kinds of sites that hold one of these values."""
    return {kind for kind in KINDS if kind[1] in values}


class Program:
    """All weeks that publish the same, as a linear program over kinds of sites."""

    def __init__(self, rule: Rule, project: PublishedProject) -> None:
        publication, terms = project.publication, rule.terms
        # Who is counted, what is printed of them, and in multiples of what.
        counted: list[tuple[set[Kind], int, int]] = [({*KINDS}, publication.reports, rule.k)]
        for at, key in enumerate((VERSION, PHP)):
            answered = {kind for kind in KINDS if kind[at] is not None}
            counted.append((answered, publication.answers.get(key, 0), terms[key].threshold))
        for name in RELEASES:
            n = publication.values.get(Cell(VERSION, name, ""), 0)
            counted.append(({k for k in KINDS if k[0] == name}, n, terms[VERSION].threshold))
        for value in VALUES:
            apart = publication.told_apart.get((PHP, value), frozenset())
            rest = {kind for kind in of_value(value) if kind[0] not in apart}
            parts = {"": rest, **{name: of_value(value) & {(name, value)} for name in apart}}
            for name, kinds in parts.items():
                n = publication.values.get(Cell(PHP, value, name), 0)
                counted.append((kinds, n, terms[PHP].threshold))
        self._adds = np.array([[kind in some for kind in KINDS] for some, _, _ in counted], float)
        self._least = np.array([n for _, n, _ in counted], float)
        self._most = np.array([n + step - 1 for _, n, step in counted], float)

    def share(self, held: set[Kind], sign: int) -> float:
        """The largest (1) or least (-1) percentage of the answers that can be of these kinds.

        Charnes and Cooper: numbers are scaled so that the answers are 1.
        """
        part = np.array([kind in held for kind in KINDS], float)
        answers = np.array([kind[1] is not None for kind in KINDS], float)
        above = np.hstack([self._adds, -self._most[:, None]])
        below = np.hstack([-self._adds, self._least[:, None]])
        found = linprog(
            np.append(-sign * part, 0.0),
            A_ub=np.vstack([above, below]),
            b_ub=np.zeros(2 * len(self._adds)),
            A_eq=np.append(answers, 0.0)[None, :],
            b_eq=[1.0],
            bounds=[(0, None)] * (len(KINDS) + 1),
        )
        assert found.success, found.message
        return -sign * 100 * float(found.fun or 0)


def _checked(its: Range, truth: int, answers: int) -> None:
    assert its.upper is not None and its.most is not None  # noqa: PT018 - both or none
    assert its.lower <= truth <= its.upper
    assert its.least - 1e-9 <= 100 * truth / answers <= its.most + 1e-9


def loose(toy: Project, number: int) -> Iterator[tuple[bool, float]]:
    """By how many points each share of a week is wider than it has to be; own threshold or not."""
    rule, sites = random_week(toy, random.Random(number))  # noqa: S311 - the same every time
    project = published(rule, sites)
    if project is None or PHP not in project.publication.answers:
        return
    found = key_ranges(project, PHP, rule.k)
    assert found is not None
    program, told = Program(rule, project), [site[PHP][0] for site in sites if PHP in site]
    assert {*VALUES} == found.values.keys()
    for value, its in found.values.items():
        _checked(its, told.count(value), len(told))
        assert its.most is not None
        exact = [program.share(of_value(value), sign) for sign in (-1, 1)]
        assert its.least <= exact[0] + 1e-6
        assert exact[1] <= its.most + 1e-6
        yield found.threshold > rule.k, (its.most - its.least) - (exact[1] - exact[0])
    printed = {cell.value for cell in project.publication.values if cell.key == PHP}
    left = sum(value not in printed for value in told)
    _checked(found.rest, left, len(told))
    outside = {kind for kind in KINDS if kind[1] is not None} - of_value(*printed)
    exact = [program.share(outside, sign) for sign in (-1, 1)]
    assert found.rest.most is not None
    assert found.rest.least <= exact[0] + 1e-6
    assert exact[1] <= found.rest.most + 1e-6


def test_ranges_hold_the_truth_and_are_nearly_as_tight_as_can_be(toy: Project) -> None:
    widths = [each for number in range(WEEKS) for each in loose(toy, number)]
    assert len(widths) > WEEKS
    assert max(points for own, points in widths if not own) <= 1
    assert max(points for own, points in widths if own) <= 2


# --- six ways to be wrong ------------------------------------------------------------------------


def site(release: str, php: str) -> Site:
    return {VERSION: (release,), PHP: (php,)} if release else {PHP: (php,)}


def test_a_withheld_value_is_bounded_by_all_its_parts_and_not_by_one(toy: Project) -> None:
    rule = Rule(declared(toy, [PHP]), 5, {(PHP, "8.2"): frozenset({"1.0", "1.1"})})
    sites = [*[site("1.0", "8.2")] * 4, *[site("1.1", "8.2")] * 4, *[site("", "8.2")] * 4]
    its = shown(rule, [*sites, *[site("", "other")] * 8]).values["8.2"]
    assert (its.lower, its.upper) == (0, 12)


def test_a_withheld_value_of_a_small_week_is_all_there_is(toy: Project) -> None:
    rule = Rule(declared(toy, [PHP]), 2, {(PHP, "8.2"): OLD})
    its = shown(rule, [site("1.0", "8.2"), site("", "8.2")]).values["8.2"]
    assert (its.lower, its.upper, its.most) == (0, 2, 100)


def test_absent_parts_are_counted_under_the_keys_own_threshold(toy: Project) -> None:
    rule = Rule(declared(toy, [PHP], {PHP: 4, VERSION: 4}), 2, {(PHP, "8.2"): OLD})
    sites = [*[site("1.0", "8.2")] * 3, *[site("1.1", "8.2")] * 7, *[site("1.1", "other")] * 20]
    its = shown(rule, sites).values["8.2"]
    assert (its.lower, its.upper) == (4, 4 + 2 * 3)


def test_in_a_week_of_the_first_rule_only_the_other_values_bound_one() -> None:
    cells = {Cell(PHP, "8.2", "1.0"): 5, Cell(PHP, "8.1", "1.0"): 5}
    old = PublishedProject("toy", (), {PHP: "php_version"}, Publication(45, {PHP: 45}, cells))
    found = key_ranges(old, PHP, 5, VERSIONS)
    assert found is not None
    assert (found.values["8.2"].lower, found.values["8.2"].upper) == (5, 49 - 5)


@pytest.mark.parametrize("known", [True, False], ids=["second rule", "first rule"])
def test_after_a_retraction_of_the_releases_only_the_other_values_bound_one(
    toy: Project, *, known: bool
) -> None:
    rule = Rule(declared(toy, [PHP]), 5)
    cells = {Cell(PHP, "8.2", ""): 15}
    terms = {PHP: replace(rule.terms[PHP], folded=True)} if known else {}
    places: Mapping[int, frozenset[str]] = {PHP: frozenset({"8.2"})}
    notice = Retraction(VERSION, "version", "Wrong.", "2026-11-20")
    folded = PublishedProject(
        "toy",
        (),
        {PHP: "php_version"},
        Publication(25, {PHP: 25}, cells),
        (notice,),
        terms,
        places,
        VERSION,
    )
    found = key_ranges(folded, PHP, 5, VERSIONS)
    assert found is not None
    assert (found.values["8.2"].lower, found.values["8.2"].upper) == (15, 29)
    assert not found.whole_values


def test_members_of_a_list_leave_nothing_to_each_other(toy: Project) -> None:
    rule = Rule(declared(toy, ()), 2)
    sites: list[Site] = [{LANGUAGES: ("de", "fr")}, {LANGUAGES: ("de",)}, {LANGUAGES: ("de",)}]
    project = published(rule, sites)
    assert project is not None
    wide = replace(project, places={LANGUAGES: frozenset({"de", "fr"})})
    found = key_ranges(wide, LANGUAGES, 2)
    assert found is not None
    assert (found.values["fr"].upper, found.values["fr"].most) == (1, 50)


def test_the_remainder_is_what_the_printed_values_leave_and_not_what_others_may_hold(
    toy: Project,
) -> None:
    rule = Rule(declared(toy, ()), 2)
    sites = [*[site("", "8.2")] * 3, *[site("", "8.1")] * 1, site("", "other")]
    found = shown(rule, sites)
    assert found.rest.least <= 40 <= (found.rest.most or 0)


def test_a_value_without_a_reserved_place_has_no_upper_bound(toy: Project) -> None:
    rule = Rule(declared(toy, [PHP]), 5, {(PHP, "8.2"): OLD})
    sites = [*[site("1.0", "8.2")] * 12, *[site("1.0", "9.9")] * 7, *[site("1.0", "8.1")] * 3]
    found = shown(rule, sites)
    assert found.values["9.9"] == Range(5, None, found.values["9.9"].least, None)
    assert found.values["8.2"].upper is not None
    assert "9.8" not in found.values
    # Reports of it that found no place are among the others.
    assert found.rest.lower == 0


def test_with_a_threshold_of_one_everything_is_exact(toy: Project) -> None:
    rule = Rule(declared(toy, [PHP]), 1, {(PHP, "8.2"): OLD})
    found = shown(rule, [*[site("1.0", "8.2")] * 3, site("1.1", "8.2"), site("1.1", "other")])
    assert (found.values["8.2"].lower, found.values["8.2"].upper) == (4, 4)
    assert (found.values["8.1"].lower, found.values["8.1"].upper) == (0, 0)
    assert (found.rest.lower, found.rest.upper) == (1, 1)
