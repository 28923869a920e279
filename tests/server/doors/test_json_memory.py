"""What a door remembers changes nothing: a report comes to the same as if it were the first.

`HEADCOUNT_REQUESTS=100000` for the long form (`make soak`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import product
from random import Random
from typing import Any, TypeAlias

import pytest
from google.protobuf import json_format
from headcount_server.counting import answers
from headcount_server.counting.answer_cache import MAX_ANSWERS
from headcount_server.counting.answers import Answers
from headcount_server.doors import backdrop_values, json_reports
from headcount_server.doors.json_memory import LONGEST, Convert, Converted, JsonMemory
from headcount_server.doors.json_text import Pairs, parse, plain
from headcount_server.errors import InvalidReport
from headcount_server.registry import schema
from headcount_server.registry.schema import Project
from support import chance
from support.repository import REGISTRY

REQUESTS = int(os.environ.get("HEADCOUNT_REQUESTS", "4000"))
TODAY = date(2026, 11, 19)
CONVERTS: dict[str, Convert] = {"JSON": json_reports.report, "Backdrop": backdrop_values.report}
SCALARS = (
    None, True, False, 0, 1, -1, 1.0, 1e300, "", "1", "yes", "other", "8.3", "8.3.12", "8.3.x",
    "8.4.0RC1", "MariaDB 10.11", "10.11.4-MariaDB-1", "mysql", "Apache/2.4", "x" * 80, "x" * 2000,
    "ä", "\u0000", "VALUE_NGINX", "VALUE_NEWER_THAN_THIS", "VALUE_OTHER", "de, fr", "5", "99999",
)  # fmt: skip

_Pair: TypeAlias = tuple[str, Any]


@cache
def _projects() -> tuple[Project, Project]:
    """Return one project twice, as two registries have it."""
    return tuple(schema.load(REGISTRY).projects["backdrop"] for _ in range(2))  # type: ignore[return-value]


def _value(random: Random, *, deep: bool = True) -> Any:  # noqa: ANN401 - any JSON
    """Return any JSON value, most often one that has come before."""
    if not deep or random.random() < 0.4:
        return random.choice(SCALARS)
    if random.random() < 0.3:
        return [_value(random, deep=False) for _ in range(random.randrange(4))]
    names = ("value", "values", "version", "value", "x")
    return {
        name: _value(random, deep=name == "values")
        for name in random.sample(names, random.randrange(1, 3))
    }


def _usual(project: Project) -> tuple[list[_Pair], list[_Pair]]:
    """Return keys with values that count, in the form of Backdrop's sites and in that of JSON."""
    texts: list[_Pair] = []
    for key, value in product(project.keys.values(), SCALARS):
        data, left_out = backdrop_values.report(project, {key.name: value})
        if data and not left_out:
            texts.append((key.name, value))
    typed: list[_Pair] = []
    for name, value in texts:
        data, _ = backdrop_values.report(project, {name: value})
        report = project.report_class.FromString(data)
        for own_names in (True, False):
            told = json_format.MessageToDict(report, preserving_proto_field_name=own_names)
            typed.extend(told.items())
    return texts, typed


def _requests(usual: Sequence[_Pair], number: int) -> Iterator[dict[str, object]]:
    """Return requests that are usual for the most part."""
    random = chance.of("JSON requests")
    names = [*dict(usual), "@type", "ckeditor_module_version", "x"]
    for _ in range(number):
        told = dict(random.choices(usual, k=random.randrange(1, 12)))
        if random.random() < 0.5:
            told[random.choice(names)] = _value(random)
        yield told


def _pairs(told: Mapping[str, object]) -> Pairs:
    return parse(json.dumps(told).encode())


def _read(convert: Convert) -> json_reports.ReadPairs:
    """Return a function that reads each report by way of protobuf, and remembers nothing."""

    def read(project: Project, told: Pairs, today: date) -> Answers:
        data, left_out = convert(project, plain(told))
        return answers.without(answers.read(project, data, today), left_out)

    return read


def _outcome(
    read: json_reports.ReadPairs, project: Project, told: dict[str, object], today: date
) -> object:
    try:
        found = read(project, _pairs(told), today)
    except InvalidReport as refusal:
        return str(refusal)
    return {answer.key: answer.values for answer in found.given}, found.ignored, found.release


@pytest.mark.slow
@pytest.mark.parametrize("door", CONVERTS)
def test_a_report_is_read_as_one_that_is_read_for_the_first_time(door: str) -> None:
    convert = CONVERTS[door]
    whole = joined = 0

    def counting(project: Project, told: Mapping[str, object]) -> Converted:
        nonlocal whole
        whole += len(told) > 1
        return convert(project, told)

    memory = JsonMemory(counting)
    texts, typed = _usual(_projects()[0])
    requests = _requests(typed if door == "JSON" else texts, REQUESTS)
    for number, told in enumerate(requests):
        project = _projects()[number // 100 % 2]  # the registry is replaced now and then
        today = TODAY + timedelta(days=number // 300 % 2)  # and the day turns
        before = whole
        expected = _outcome(_read(convert), project, told, today)
        assert _outcome(memory.read, project, told, today) == expected, told
        joined += len(told) > 1 and whole == before
    assert joined > REQUESTS / 4
    assert whole > REQUESTS / 10


def test_an_answer_that_came_before_is_not_read_again() -> None:
    project, other = _projects()
    asked: list[list[str]] = []

    def convert(project: Project, told: Mapping[str, object]) -> Converted:
        asked.append(list(told))
        return backdrop_values.report(project, told)

    memory = JsonMemory(convert)
    told = {"php_version": "8.3.12", "ckeditor_module_version": "6.4", "drush_version": ""}
    first = memory.read(
        project, _pairs({"php_version": "8.3.12", "ckeditor_module_version": "6.4"}), TODAY
    )
    assert asked == [["php_version"], ["ckeditor_module_version"]]
    again = memory.read(
        project, _pairs({"ckeditor_module_version": "6.4", "php_version": "8.3.12"}), TODAY
    )
    assert len(asked) == 2
    assert set(again.given) == set(first.given)  # the same objects, which are counted as one
    memory.read(project, _pairs(told), TODAY)  # one of its keys is left out
    assert asked[2:] == [["drush_version"], list(told)]
    memory.read(other, _pairs({"php_version": "8.3.12"}), TODAY)
    assert asked[4:] == [["php_version"]]
    memory.read(other, _pairs({"php_version": "8.3.12"}), TODAY + timedelta(days=1))
    assert asked[5:] == [["php_version"]]


def test_a_key_that_expires_overnight_is_forgotten_overnight(toy: Project) -> None:
    memory, told = JsonMemory(backdrop_values.report), {"old": "yes", "multisite": "yes"}
    last_day = toy.keys[9].expires
    assert last_day is not None
    assert len(memory.read(toy, _pairs(told), last_day - timedelta(days=1)).given) == 2
    assert len(memory.read(toy, _pairs(told), last_day).given) == 1


@pytest.mark.slow
def test_texts_of_an_attacker_take_no_more_than_a_bounded_memory() -> None:
    project, _ = _projects()
    memory = JsonMemory(backdrop_values.report)
    held: Callable[[], int] = lambda: len(memory._memories.of(project, TODAY).known)  # noqa: E731
    for number in range(MAX_ANSWERS + 10):
        memory.read(project, _pairs({"php_version": f"8.3.{number}"}), TODAY)
    assert 0 < held() <= MAX_ANSWERS
    memory.read(project, _pairs({"php_version": "8.3." + "1" * 300}), TODAY)
    said = [len(value) for _, value in memory._memories.of(project, TODAY).known]
    assert max(said) <= LONGEST


def test_a_long_list_is_remembered_too(toy: Project) -> None:
    asked: list[list[str]] = []

    def convert(project: Project, told: Mapping[str, object]) -> Converted:
        asked.append(list(told))
        return json_reports.report(project, told)

    memory = JsonMemory(convert)
    names = ["VALUE_OTHER", "VALUE_NEWER_THAN_THIS", "VALUE_" + "A" * LONGEST]
    for _ in range(2):
        memory.read(toy, _pairs({"modules": {"values": names}}), TODAY)
    assert asked == [["modules"]]
    memory.read(toy, _pairs({"modules": {"values": [*names[1:], "VALUE_NEWEST"]}}), TODAY)
    assert len(asked) == 2


def test_a_name_that_is_given_twice_is_refused_though_it_is_remembered(toy: Project) -> None:
    memory = JsonMemory(json_reports.report)
    memory.read(toy, _pairs({"@type": "x", "multisite": {"value": True}}), TODAY)
    for body in ('{"@type": "x", "@type": "x"}', '{"multisite": {}, "multisite": {"value": true}}'):
        with pytest.raises(InvalidReport, match="given twice"):
            memory.read(toy, parse(body.encode()), TODAY)
