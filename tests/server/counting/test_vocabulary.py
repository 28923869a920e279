"""Open vocabularies are bounded, and what was known before the week keeps its place.

A value that finds no place when its report comes counts as other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from headcount_server.counting import answers, vocabulary
from headcount_server.counting.tally import Tally, tally
from headcount_server.counting.vocabulary import Report, Vocabulary
from headcount_server.registry.schema import Project
from headcount_server.store import allowance
from headcount_server.store.allowance import Allowance
from headcount_server.store.contract import Entry
from headcount_server.week import Week

VERSION, PHP, SERVER, NODES, MODULES, CONTRIB, NOTE = 1, 2, 4, 5, 6, 7, 8
HERE, THERE = b"\x04\xc0\x00\x02", b"\x04\xc6\x33\x64"

Say = Callable[..., Report]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 2)


@pytest.fixture(name="say")
def _say(toy: Project, said: Callable[..., bytes]) -> Say:
    """A report of these keys, by default from nowhere that is limited."""

    def say(network: bytes | None = None, **keys: object) -> Report:
        read = answers.read(toy, said(**keys), date(2026, 11, 19))
        return Entry(Week(2026, 47), toy, bytes(16), read, network)

    return say


class Counting:
    """A week that counts reports one by one."""

    def __init__(self, toy: Project) -> None:
        self.words, self.allowance = Vocabulary(), Allowance()
        self._toy = toy

    def __call__(self, *reports: Report) -> Tally:
        new = self.words.newcomers(self._toy, reports, self.allowance)
        self.words.introduce(self._toy, new, self.allowance)
        return self.words.fold(self._toy, tally(self._toy, [r.answers for r in reports]))


def _values(total: Tally, key: int) -> list[str]:
    return sorted(cell.value for cell in total.values if cell.key == key)


def test_a_value_past_the_bound_is_not_tallied_and_a_known_one_still_is(
    toy: Project, say: Say
) -> None:
    counting = Counting(toy)
    kept = [_values(counting(say(note={"value": text})), NOTE) for text in "abcabd"]
    assert kept == [["a"], ["b"], [], ["a"], ["b"], []]


def test_values_of_one_group_are_bounded_together(toy: Project, say: Say) -> None:
    total = Counting(toy)(*(say(note={"value": text}) for text in "abc"))
    assert len(total.values) == 2
    assert total.answers == {NOTE: 3}


def test_an_answer_past_the_bound_still_counts_as_an_answer(toy: Project, say: Say) -> None:
    counting = Counting(toy)
    for text in ("1", "2"):
        counting.words.know("toy", PHP, text)
    total = counting(say(php_version={"value": "3"}))
    assert (total.reports, total.answers, total.values) == (1, {PHP: 1}, {})


def test_values_that_were_tallied_before_a_restart_are_known(toy: Project, say: Say) -> None:
    counting = Counting(toy)
    counting.words.know("toy", PHP, "8.2")
    counting.words.know("toy", PHP, "8.3")
    counting.words.know("elsewhere", PHP, "9.0")
    kept = [_values(counting(say(php_version={"value": text})), PHP) for text in ("8.2", "9.0")]
    assert kept == [["8.2"], []]


def test_versions_of_products_are_bounded_too(toy: Project, say: Say) -> None:
    counting = Counting(toy)
    kept = [
        _values(counting(say(web_server={"value": 2, "version": f"2.{n}"})), SERVER)
        for n in range(4)
    ]
    assert kept == [["Apache 2.0"], ["Apache 2.1"], [], []]


def test_closed_vocabularies_need_no_place(toy: Project, say: Say) -> None:
    counting = Counting(toy)
    for number in (5, 50, 500):
        counting(say(nodes={"value": number}))
    total = counting(say(contrib={"values": ["webform", "rules"]}, modules={"values": [2, 3]}))
    assert _values(total, CONTRIB) == ["rules", "webform"]
    assert _values(total, MODULES) == ["block", "views"]


def test_a_reserved_value_has_its_place_however_full_the_others_are(toy: Project, say: Say) -> None:
    counting = Counting(toy)
    counting.words.reserve("toy", NOTE, "honest")
    for text in "abcd":
        counting(say(note={"value": text}))
    assert _values(counting(say(note={"value": "honest"})), NOTE) == ["honest"]


def test_a_reserved_value_leaves_its_place_to_nobody(toy: Project, say: Say) -> None:
    counting = Counting(toy)
    counting.words.reserve("toy", NOTE, "gone")
    kept = [_values(counting(say(note={"value": text})), NOTE) for text in "abc"]
    assert kept == [["a"], ["b"], []]


def test_a_network_introduces_only_so_many_values_of_a_key(
    toy: Project, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "INTRODUCED", 100)
    counting = Counting(toy)
    for number in range(30):
        counting(say(HERE, note={"value": f"invented {number}"}))
    assert len(counting.words._introduced["toy", NOTE]) == allowance.VALUES_A_DAY
    kept = _values(counting(say(THERE, note={"value": "honest"})), NOTE)
    assert kept == ["honest"]
    # Once it has a place it counts from everywhere, and other keys have allowances of their own.
    assert _values(counting(say(HERE, note={"value": "honest"})), NOTE) == ["honest"]
    assert _values(counting(say(HERE, php_version={"value": "8.2"})), PHP) == ["8.2"]


def test_a_group_lets_the_network_that_may_introduce_its_value(
    toy: Project, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "VALUES_A_DAY", 0)
    counting = Counting(toy)
    both = [say(HERE, note={"value": "new"}), say(None, note={"value": "new"})]
    assert counting(*both).values.total() == 2


def test_the_allowance_begins_anew_each_day_under_another_key() -> None:
    now = 0.0
    counted = Allowance(lambda: now)
    taken = [counted.take(HERE, "toy", NOTE) for _ in range(allowance.VALUES_A_DAY + 1)]
    assert taken == [*[True] * allowance.VALUES_A_DAY, False]
    key = counted._key
    now = allowance.DAY_SECONDS
    assert counted.left(HERE, "toy", NOTE)
    assert counted._key != key
    assert not counted._counts


def test_the_memory_of_an_allowance_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "MAX_COUNTS", 2)
    counted = Allowance()
    taken = [counted.take(bytes([number]), "toy", NOTE) for number in range(4)]
    assert taken == [True, True, False, False]
    assert counted.take(bytes([0]), "toy", NOTE)


def test_a_release_without_a_reserved_place_is_other_in_cells_and_counts_as_itself(
    toy: Project, say: Say
) -> None:
    counting = Counting(toy)
    counting.words.reserve("toy", VERSION, "1.1")
    reports = [
        say(version={"value": text}, php_version={"value": "8.2"}) for text in ("1.1", "1.2")
    ]
    total = counting(*reports)
    assert sorted(cell.release for cell in total.values if cell.key == PHP) == ["1.1", "other"]
    assert _values(total, VERSION) == ["1.1", "1.2"]
