"""What the fast reader says of a report is what the plain one says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import date, timedelta
from typing import Any

import hypothesis
import pytest
from headcount_server.counting import answer_cache, answers
from headcount_server.counting.answer_cache import AnswerCache
from headcount_server.counting.answers import Answers
from headcount_server.errors import InvalidReport
from headcount_server.registry import schema
from headcount_server.registry.schema import Project
from hypothesis import strategies as st

TODAY = date(2026, 11, 19)
Said = Callable[..., bytes]

KEYS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "version": st.fixed_dictionaries({"value": st.sampled_from(["1.0", "1.1.2", "other", "x"])}),
    "php_version": st.fixed_dictionaries({"value": st.text("0123456789.", max_size=70)}),
    "multisite": st.fixed_dictionaries({}, optional={"value": st.booleans()}),
    "web_server": st.fixed_dictionaries({"value": st.integers(0, 9), "version": st.just("2.4.1")}),
    "nodes": st.fixed_dictionaries({"value": st.integers(-1, 10**6)}),
    "modules": st.fixed_dictionaries({"values": st.lists(st.integers(0, 9), max_size=4)}),
    "note": st.fixed_dictionaries({"value": st.text(max_size=300)}),
    "old": st.fixed_dictionaries({"value": st.booleans()}),
}


def taken(read: Callable[..., Answers], *arguments: object) -> object:
    """What a reading comes to, in a form that can be compared."""
    try:
        read_answers = read(*arguments)
    except InvalidReport as error:
        return str(error)
    given = [(answer.key, answer.values) for answer in read_answers.given]
    return given, [astuple(entry) for entry in read_answers.ignored], read_answers.release


@pytest.mark.slow
@hypothesis.given(reports=st.lists(st.fixed_dictionaries({}, optional=KEYS), max_size=5))
def test_reports_are_read_alike(toy: Project, reports: list[dict[str, dict[str, Any]]]) -> None:
    fast = AnswerCache()
    for keys in [*reports, *reports]:
        report = toy.report_class(**keys).SerializeToString()
        assert taken(fast.read, toy, report, TODAY) == taken(answers.read, toy, report, TODAY)


@pytest.mark.slow
@hypothesis.given(reports=st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_read_alike(toy: Project, reports: list[bytes]) -> None:
    fast = AnswerCache()
    for report in [*reports, b"".join(reports), *reports]:
        assert taken(fast.read, toy, report, TODAY) == taken(answers.read, toy, report, TODAY)


@pytest.mark.parametrize("first", ["multisite", "note", "nodes", "web_server"])
def test_fields_out_of_order_or_given_twice_are_merged_as_protobuf_does(
    toy: Project, said: Said, first: str
) -> None:
    values: dict[str, dict[str, Any]] = {
        "multisite": {"value": True},
        "note": {"value": "hello"},
        "nodes": {"value": 50},
        "web_server": {"value": 2},
    }
    pieces = {name: said(**{name: value}) for name, value in values.items()}
    twice = pieces[first] + b"".join(pieces.values()) + said(web_server={"version": "2.4"})
    fast = AnswerCache()
    for _ in range(2):
        assert taken(fast.read, toy, twice, TODAY) == taken(answers.read, toy, twice, TODAY)


def test_the_same_bytes_give_the_same_answer_object(toy: Project, said: Said) -> None:
    fast, report = AnswerCache(), said(note={"value": "hello"}, nodes={"value": 50})
    once, again = (fast.read(toy, report, TODAY).given for _ in range(2))
    assert all(a is b for a, b in zip(once, again, strict=True))


def test_a_key_that_expires_overnight_is_forgotten_overnight(toy: Project, said: Said) -> None:
    fast, report = AnswerCache(), said(old={"value": True}, multisite={"value": True})
    last_day = toy.keys[9].expires
    assert last_day is not None
    assert len(fast.read(toy, report, last_day - timedelta(days=1)).given) == 2
    assert len(fast.read(toy, report, last_day).given) == 1


def test_answers_read_under_one_registry_do_not_outlive_it(
    toy: Project,
    said: Said,
    toy_registry: Any,  # noqa: ANN401 - a path
) -> None:
    fast, report = AnswerCache(), said(note={"value": "hello"})
    once = fast.read(toy, report, TODAY).given
    again = fast.read(schema.load(toy_registry).projects["toy"], report, TODAY).given
    assert once[0] is not again[0]


def test_what_is_remembered_is_bounded(
    toy: Project, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_cache, "MAX_ANSWERS", 10)
    fast = AnswerCache()
    for n in range(35):
        fast.read(toy, said(note={"value": f"text {n}"}), TODAY)
    assert len(fast._memories.of(toy, TODAY).known) <= 10
