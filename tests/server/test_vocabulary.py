"""Open vocabularies are bounded: past the bound a new value counts as other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from headcount_server import answers, vocabulary
from headcount_server.answers import Answers
from headcount_server.schema import Project
from headcount_server.vocabulary import Vocabulary

Read = Callable[..., Answers]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MAX_DISTINCT", 2)


@pytest.fixture(name="read")
def _read(toy: Project, said: Callable[..., bytes]) -> Read:
    return lambda **keys: answers.read(toy, said(**keys), date(2026, 11, 19))


def _kept(toy: Project, folded: Answers) -> dict[str, tuple[str, ...]]:
    return {toy.keys[answer.key].name: answer.values for answer in folded.given}


def test_a_value_past_the_bound_is_not_tallied_and_a_known_one_still_is(
    toy: Project, read: Read
) -> None:
    words = Vocabulary()
    kept = [
        _kept(toy, words.fold(toy, read(note={"value": text})))["note"]
        for text in ("a", "b", "c", "a", "b", "d")
    ]
    assert kept == [("a",), ("b",), (), ("a",), ("b",), ()]


def test_an_answer_past_the_bound_still_counts_as_an_answer(toy: Project, read: Read) -> None:
    words = Vocabulary()
    for text in ("1", "2"):
        words.know("toy", 2, text, "other")
    assert _kept(toy, words.fold(toy, read(php_version={"value": "3"}))) == {"php_version": ()}


def test_values_that_were_tallied_before_a_restart_are_known(toy: Project, read: Read) -> None:
    words = Vocabulary()
    words.know("toy", 2, "8.2", "other")
    words.know("toy", 2, "8.3", "other")
    words.know("elsewhere", 2, "9.0", "other")
    kept = [
        _kept(toy, words.fold(toy, read(php_version={"value": text})))["php_version"]
        for text in ("8.2", "9.0")
    ]
    assert kept == [("8.2",), ()]


def test_versions_of_products_are_bounded_too(toy: Project, read: Read) -> None:
    words = Vocabulary()
    kept = [
        _kept(toy, words.fold(toy, read(web_server={"value": 2, "version": f"2.{n}"})))
        for n in range(4)
    ]
    assert [values["web_server"] for values in kept] == [("Apache 2.0",), ("Apache 2.1",), (), ()]


def test_closed_vocabularies_need_no_bound(toy: Project, read: Read) -> None:
    words = Vocabulary()
    for number in (5, 50, 500):
        words.fold(toy, read(nodes={"value": number}))
    kept = _kept(
        toy,
        words.fold(toy, read(contrib={"values": ["webform", "rules"]}, modules={"values": [2, 3]})),
    )
    assert kept == {"contrib": ("rules", "webform"), "modules": ("block", "views")}


def test_a_release_past_the_bound_is_other_in_cross_tabulations(toy: Project, read: Read) -> None:
    words = Vocabulary()
    releases = [
        words.fold(toy, read(version={"value": text}, php_version={"value": "8.2"})).release
        for text in ("1.1", "1.2", "1.3", "1.2")
    ]
    assert releases == ["1.1", "1.2", "other", "1.2"]


def test_cross_tabulations_tell_only_so_many_releases_apart(
    toy: Project, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "MAX_DISTINCT", 1000)
    monkeypatch.setattr(vocabulary, "MAX_RELEASES", 2)
    words = Vocabulary()
    words.know("toy", 2, "8.2", "1.0")
    words.know("toy", 1, "1.0", "")
    releases = [
        words.fold(toy, read(version={"value": text}, php_version={"value": "8.2"})).release
        for text in ("1.1", "1.2", "1.0", "1.1")
    ]
    assert releases == ["1.1", "other", "1.0", "1.1"]
