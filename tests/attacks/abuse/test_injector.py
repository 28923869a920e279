"""What invented reports achieve: as much as docs/generated/assurance.md says, and no more.

The chances there are worked out; here an injector plays against real weeks,
read and counted as the server does it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import injector
import pytest
from headcount_server.counting.tally import Cell
from headcount_server.publication.rounding import publish
from headcount_server.registry.schema import Project
from support.small_weeks import MULTISITE, Site, count

K = 5
YES: Site = {MULTISITE: ("true",)}
NO: Site = {MULTISITE: ("false",)}
CELL = Cell(MULTISITE, "true", "")


def shown(toy: Project, sites: list[Site]) -> int:
    """How many sites say yes, as published."""
    publication = publish(count(toy, sites), K)
    assert publication is not None
    return publication.values.get(CELL, 0)


def guessed(toy: Project, others: Mapping[int, float], fakes: int, rounds: int) -> float:
    """How often an injector guesses a target's answer by what is published."""
    chance = random.Random(fakes)  # noqa: S311 - a simulation
    right = 0
    for _ in range(rounds):
        held = chance.choices(list(others), list(others.values()))[0]
        truth = chance.random() < 0.5
        week = [*[YES] * (held + fakes), *[NO] * K, YES if truth else NO]
        seen = shown(toy, week)
        likely = [
            sum(p for n, p in others.items() if (n + fakes + bit) // K * K == seen)
            for bit in (0, 1)
        ]
        guess = likely[1] > likely[0] if likely[0] != likely[1] else chance.random() < 0.5
        right += guess == truth
    return right / rounds


@pytest.mark.parametrize("fakes", [0, 3, 4])
@pytest.mark.parametrize("world", [injector.nobody_else, injector.a_few])
def test_the_published_chances_are_those_of_an_injector_at_play(
    toy: Project, world: injector.World, fakes: int
) -> None:
    (others,) = world(K)
    expected = injector.success(others, K, fakes)
    assert guessed(toy, others, fakes, 400) == pytest.approx(expected, abs=0.1)


def test_one_fake_less_than_the_threshold_lays_a_lone_holder_bare_and_fewer_do_not() -> None:
    for k in injector.THRESHOLDS:
        assert injector.best({0: 1.0}, k, k - 1) == 1
        assert injector.best({0: 1.0}, k, k - 2) == 0.5


def test_who_knows_all_others_needs_no_more_fakes_than_that() -> None:
    for k in injector.THRESHOLDS:
        for others in injector.all_known(k):
            assert injector.best(others, k, k - 1) == 1


def test_many_fakes_do_not_help_against_a_crowd_that_is_not_known() -> None:
    """The spread of the crowd hides one site, with fakes as without."""
    for k in injector.THRESHOLDS:
        (crowd,) = injector.many(k)
        assert injector.best(crowd, k, 50) < 0.5 + 1 / (2 * k) + 0.01
        assert injector.best(crowd, k, 50) - injector.best(crowd, k, 0) < 0.01


def test_a_larger_threshold_hides_one_of_a_few_better() -> None:
    (others,) = injector.a_few(5)
    chances = [injector.success(others, k, 0) for k in injector.THRESHOLDS]
    assert chances == sorted(chances, reverse=True)


def test_fakes_move_a_share_by_their_weight_and_no_more() -> None:
    for sites in injector.SITES:
        for fakes in injector.FAKES:
            weight = (injector.SHARE * sites + fakes) / (sites + fakes)
            steps = 2 * K / (sites + fakes)
            assert injector.shifted(sites, fakes) == pytest.approx(weight, abs=steps)


def test_a_release_is_told_apart_for_as_many_fakes_as_it_is_to_be_expected_to_hold() -> None:
    for k in injector.THRESHOLDS:
        for sites in injector.SITES:
            assert not injector.opens(sites, 6 * k - 1, k)
            assert injector.opens(sites, 7 * k, k)


def test_one_network_fills_no_vocabulary() -> None:
    one, *_, hundred = injector.places()[1:]
    assert (one[2], hundred[2]) == ("28%", "100%")
