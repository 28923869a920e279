"""Open vocabularies are bounded: past the bound a new value counts as other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest
from headcount_server.counting import answers, vocabulary
from headcount_server.counting.tally import Cell, Tally, tally
from headcount_server.counting.vocabulary import Vocabulary
from headcount_server.registry.schema import Project

VERSION, PHP, SERVER, NODES, MODULES, CONTRIB, NOTE = 1, 2, 4, 5, 6, 7, 8

Total = Callable[..., Tally]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MAX_DISTINCT", 2)


@pytest.fixture(name="total")
def _total(toy: Project, said: Callable[..., bytes]) -> Total:
    """The totals of one report of these keys."""
    return lambda **keys: tally(toy, [answers.read(toy, said(**keys), date(2026, 11, 19))])


def _values(total: Tally, key: int) -> list[str]:
    return sorted(cell.value for cell in total.values if cell.key == key)


def test_a_value_past_the_bound_is_not_tallied_and_a_known_one_still_is(
    toy: Project, total: Total
) -> None:
    words = Vocabulary()
    kept = [
        _values(words.fold(toy, total(note={"value": text})), NOTE)
        for text in ("a", "b", "c", "a", "b", "d")
    ]
    assert kept == [["a"], ["b"], [], ["a"], ["b"], []]


def test_values_of_one_group_are_bounded_together(toy: Project) -> None:
    group = Tally(3, Counter({NOTE: 3}), Counter({Cell(NOTE, text, ""): 1 for text in "abc"}))
    folded = Vocabulary().fold(toy, group)
    assert len(folded.values) == 2
    assert folded.answers == {NOTE: 3}


def test_an_answer_past_the_bound_still_counts_as_an_answer(toy: Project, total: Total) -> None:
    words = Vocabulary()
    for text in ("1", "2"):
        words.know("toy", PHP, text, "other")
    folded = words.fold(toy, total(php_version={"value": "3"}))
    assert (folded.reports, folded.answers, folded.values) == (1, {PHP: 1}, {})


def test_values_that_were_tallied_before_a_restart_are_known(toy: Project, total: Total) -> None:
    words = Vocabulary()
    words.know("toy", PHP, "8.2", "other")
    words.know("toy", PHP, "8.3", "other")
    words.know("elsewhere", PHP, "9.0", "other")
    kept = [
        _values(words.fold(toy, total(php_version={"value": text})), PHP) for text in ("8.2", "9.0")
    ]
    assert kept == [["8.2"], []]


def test_versions_of_products_are_bounded_too(toy: Project, total: Total) -> None:
    words = Vocabulary()
    kept = [
        _values(words.fold(toy, total(web_server={"value": 2, "version": f"2.{n}"})), SERVER)
        for n in range(4)
    ]
    assert kept == [["Apache 2.0"], ["Apache 2.1"], [], []]


def test_closed_vocabularies_need_no_bound(toy: Project, total: Total) -> None:
    words = Vocabulary()
    for number in (5, 50, 500):
        words.fold(toy, total(nodes={"value": number}))
    lists = total(contrib={"values": ["webform", "rules"]}, modules={"values": [2, 3]})
    folded = words.fold(toy, lists)
    assert _values(folded, CONTRIB) == ["rules", "webform"]
    assert _values(folded, MODULES) == ["block", "views"]


def _releases(toy: Project, total: Total, words: Vocabulary, *texts: str) -> list[str]:
    folded = [
        words.fold(toy, total(version={"value": text}, php_version={"value": "8.2"}))
        for text in texts
    ]
    return [cell.release for one in folded for cell in one.values if cell.key == PHP]


def test_a_release_past_the_bound_is_other_in_cross_tabulations(toy: Project, total: Total) -> None:
    releases = _releases(toy, total, Vocabulary(), "1.1", "1.2", "1.3", "1.2")
    assert releases == ["1.1", "1.2", "other", "1.2"]


def test_cross_tabulations_tell_only_so_many_releases_apart(
    toy: Project, total: Total, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "MAX_DISTINCT", 1000)
    monkeypatch.setattr(vocabulary, "MAX_RELEASES", 2)
    words = Vocabulary()
    words.know("toy", PHP, "8.2", "1.0")
    words.know("toy", VERSION, "1.0", "")
    releases = _releases(toy, total, words, "1.1", "1.2", "1.0", "1.1")
    assert releases == ["1.1", "other", "1.0", "1.1"]
