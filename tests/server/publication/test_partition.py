"""Which releases are told apart: what steering, noise and thin weeks do to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from headcount.v1 import options_pb2
from headcount_server.counting.tally import Cell, Tally
from headcount_server.publication.key_terms import KeyTerms, merge, settle
from headcount_server.publication.partition import ENTER, Partition, fold, told_apart
from headcount_server.publication.published import PublishedProject
from headcount_server.publication.rounding import publish, under
from headcount_server.registry.schema import Project
from support.small_weeks import MULTISITE, PHP, VERSION, declared

K = 5
TERMS = {key: KeyTerms(K, key == PHP, options_pb2.KEY_TYPE_VERSION) for key in (VERSION, PHP)}


def lived(counts: Mapping[tuple[str, str], int], weeks: int) -> list[Partition]:
    """The partitions of weeks in which the same sites report the same."""
    values: Counter[Cell] = Counter()
    for (release, php), n in counts.items():
        values[Cell(VERSION, release, "")] += n
        values[Cell(PHP, php, release)] += n
    sites = sum(counts.values())
    tally = Tally(sites, Counter({VERSION: sites, PHP: sites}), values)
    places = {release for release, _ in counts}
    found: list[Partition] = []
    source = None
    for _ in range(weeks):
        apart = told_apart(source, TERMS, VERSION, places)
        published = publish(fold(tally, apart), K, TERMS)
        assert published is not None
        names = {VERSION: "version", PHP: "php_version"}
        source = PublishedProject("toy", (), names, under(published, apart), (), TERMS)
        found.append(apart)
    return found


def tied(releases: int) -> dict[tuple[str, str], int]:
    """Releases of eight sites that hold a value, and one of sixty sites of which four do."""
    counts = {(f"1.{n}", "8.2"): 8 for n in range(releases)}
    return counts | {("2.0", "8.2"): 4, ("2.0", "8.1"): 56}


def apart(counts: Mapping[tuple[str, str], int], weeks: int = 12) -> list[frozenset[str]]:
    """The releases that are told apart for 8.2, week by week."""
    return [week.get((PHP, "8.2"), frozenset()) for week in lived(counts, weeks)]


def test_a_release_that_is_expected_large_and_is_not_stays_out() -> None:
    """Some 27 are expected, and 4 there: at four thresholds it would come and go."""
    rest, release, outside = 48, 60, 108
    assert 4 * K <= rest * release / outside < ENTER * K
    assert set(apart(tied(6))) == {frozenset()}


def test_in_the_worst_case_a_release_comes_and_goes_and_hides_less_than_a_threshold() -> None:
    """Some 48 are expected, and 4 there, for ever: it takes thirty releases that are alike."""
    courses = apart(tied(30))
    assert courses == [frozenset(), frozenset({"2.0"})] * 6
    hidden = 4
    assert hidden < K


def test_steady_sites_have_a_steady_partition() -> None:
    courses = apart({("1.0", "8.2"): 60, ("1.1", "8.2"): 20, ("1.1", "8.1"): 40})
    assert courses[0] == frozenset()
    assert set(courses[1:]) == {frozenset({"1.0", "1.1"})}


def test_a_threshold_is_rounded_up_to_the_weeks_and_to_that_of_the_releases(toy: Project) -> None:
    own = settle(declared(toy, [PHP], {PHP: 15, VERSION: 8, MULTISITE: 7}), 5)
    assert (own[VERSION].threshold, own[PHP].threshold) == (10, 20)
    assert own[MULTISITE].threshold == 10
    assert not own[MULTISITE].crossed
    exact = settle(declared(toy, [PHP], {PHP: 15}), 1)
    assert (exact[VERSION].threshold, exact[PHP].threshold) == (1, 15)


@pytest.mark.parametrize("first", [True, False])
def test_of_two_registries_in_a_week_the_larger_threshold_and_no_crossing_hold(
    toy: Project, *, first: bool
) -> None:
    one = settle(declared(toy, [PHP, MULTISITE], {PHP: 15}), 5)
    other = settle(declared(toy, [MULTISITE], {VERSION: 10}), 5)
    merged = merge(one, other, VERSION) if first else merge(other, one, VERSION)
    assert (merged[PHP].threshold, merged[PHP].crossed) == (15, False)
    assert (merged[VERSION].threshold, merged[MULTISITE].threshold) == (10, 10)
    assert merged[MULTISITE].crossed
    assert merge(merged, other, VERSION) == merged


def test_a_key_that_only_one_of_two_registries_has_is_not_crossed(toy: Project) -> None:
    one = settle(declared(toy, [PHP]), 5)
    without = {number: terms for number, terms in one.items() if number != PHP}
    assert not merge(one, without, VERSION)[PHP].crossed
    assert not merge(without, one, VERSION)[PHP].crossed
