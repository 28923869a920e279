"""What a door remembers changes nothing: a report comes to the same as if it were the first.

`HEADCOUNT_REQUESTS=100000` for the long form (`make soak`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product
from random import Random
from typing import Any, TypeAlias

import pytest
from google.protobuf import json_format
from headcount_server.counting.answer_cache import MAX_ANSWERS
from headcount_server.doors import backdrop_values, json_reports
from headcount_server.doors.json_memory import Convert, JsonMemory
from headcount_server.errors import InvalidReport
from headcount_server.registry import schema
from headcount_server.registry.schema import Project
from support import chance
from support.repository import REGISTRY

REQUESTS = int(os.environ.get("HEADCOUNT_REQUESTS", "4000"))
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


def _outcome(convert: Convert, project: Project, told: dict[str, object]) -> object:
    try:
        return convert(project, told)
    except InvalidReport as refusal:
        return str(refusal)


@pytest.mark.slow
@pytest.mark.parametrize("door", CONVERTS)
def test_a_report_is_read_as_one_that_is_read_for_the_first_time(door: str) -> None:
    convert = CONVERTS[door]
    whole = joined = 0

    def counting(project: Project, told: dict[str, object]) -> object:
        nonlocal whole
        whole += len(told) > 1
        return convert(project, told)

    memory = JsonMemory(counting)  # type: ignore[arg-type]
    texts, typed = _usual(_projects()[0])
    requests = _requests(typed if door == "JSON" else texts, REQUESTS)
    for number, told in enumerate(requests):
        project = _projects()[number // 100 % 2]  # the registry is replaced now and then
        before = whole
        assert _outcome(memory.report, project, told) == _outcome(convert, project, told), told
        joined += len(told) > 1 and whole == before
    assert joined > REQUESTS / 4
    assert whole > REQUESTS / 10


def test_an_answer_that_came_before_is_not_converted_again() -> None:
    project, other = _projects()
    asked: list[list[str]] = []

    def convert(project: Project, told: dict[str, object]) -> object:
        asked.append(list(told))
        return backdrop_values.report(project, told)

    memory = JsonMemory(convert)  # type: ignore[arg-type]
    told = {"php_version": "8.3.12", "ckeditor_module_version": "6.4", "drush_version": ""}
    first = memory.report(project, {"php_version": "8.3.12", "ckeditor_module_version": "6.4"})
    assert asked == [["php_version"], ["ckeditor_module_version"]]
    assert (
        memory.report(project, {"ckeditor_module_version": "6.4", "php_version": "8.3.12"}) == first
    )
    assert len(asked) == 2
    memory.report(project, told)  # one of its keys is left out
    assert asked[2:] == [["drush_version"], list(told)]
    memory.report(other, {"php_version": "8.3.12"})
    assert asked[4:] == [["php_version"]]


@pytest.mark.slow
def test_texts_of_an_attacker_take_no_more_than_a_bounded_memory() -> None:
    project, _ = _projects()
    memory = JsonMemory(backdrop_values.report)
    held: Callable[[], int] = lambda: len(memory._projects[project.name][1])  # noqa: E731
    for number in range(MAX_ANSWERS + 10):
        memory.report(project, {"php_version": f"8.3.{number}"})
    assert 0 < held() <= MAX_ANSWERS
    before = held()
    memory.report(project, {"php_version": "8.3." + "1" * 300})
    assert held() == before
