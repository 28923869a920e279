from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from headcount_registry.declarations import names
from headcount_registry.declarations.model import (
    Key,
    KeyType,
    Level,
    Mode,
    Project,
    Registry,
    Value,
)
from headcount_registry.errors import LockError
from headcount_registry.evolution.lock import Lock, LockedKey, next_number, parse_lock
from headcount_registry.evolution.numbering import Numbered, number
from headcount_registry.findings import Location
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("a", "b", "c", "d", "e", "f")
TEXTS = ("Apache", "nginx", "IIS", "Caddy")


def key(name: str, kind: KeyType = KeyType.BOOLEAN, texts: Iterable[str] = (), **more: str) -> Key:
    return Key(
        name=name,
        field=name,
        label=name,
        description="",
        purpose="",
        issue="",
        type=kind,
        level=Level.BASIC,
        location=Location(f"{name}.info", 1, 1),
        values=tuple(Value(text, names.identifier(text)) for text in texts),
        **more,  # type: ignore[arg-type] # only texts are given
    )


def registry(*keys: Key, project: str = "toy") -> Registry:
    everything = {"version": key("version", KeyType.VERSION)} | {each.name: each for each in keys}
    return Registry(
        (
            Project(
                name=project,
                title=project,
                homepage="",
                recipient="",
                contact="",
                endpoint="",
                mode=Mode.ASK_FIRST,
                keys=tuple(everything[name] for name in sorted(everything)),
            ),
        )
    )


def numbers(outcome: Numbered) -> dict[str, int]:
    return {each.name: each.number for each in outcome.registry.projects[0].keys}


def after(*steps: Registry) -> Numbered:
    lock = Lock()
    for step in steps[:-1]:
        lock = number(step, lock).lock
    return number(steps[-1], lock)


CHOICES = st.lists(st.sampled_from(TEXTS), min_size=1, unique=True)
STEPS = st.lists(st.dictionaries(st.sampled_from(NAMES), CHOICES), min_size=1, max_size=6)


@pytest.mark.slow
@given(STEPS)
def test_numbers_are_injective_permanent_and_growing(steps: list[dict[str, list[str]]]) -> None:
    lock = Lock()
    known: dict[str, int] = {}
    values: dict[tuple[str, str], int] = {}
    for step in steps:
        declared = [key(name, KeyType.CHOICE, texts) for name, texts in step.items()]
        outcome = number(registry(*declared), lock)
        assert outcome.findings == ()
        largest = max(known.values(), default=0)
        for each in outcome.registry.projects[0].keys:
            assert each.name in known or each.number > largest
            assert known.setdefault(each.name, each.number) == each.number
            for value in each.values:
                place = (each.name, value.text)
                assert values.setdefault(place, value.number) == value.number >= 2
        lock = outcome.lock
        assert {line.key: line.number for line in lock.keys} == known
        assert len(set(known.values())) == len(known)
        for line in lock.keys:
            assert len(set(line.values.values())) == len(line.values)
            assert line.retired == (line.key not in {"version", *step})


@pytest.mark.slow
@given(STEPS)
def test_a_lock_survives_writing_and_reading_and_building_again(
    steps: list[dict[str, list[str]]],
) -> None:
    lock = Lock()
    for step in steps:
        declared = registry(*(key(name, KeyType.CHOICE, texts) for name, texts in step.items()))
        lock = number(declared, lock).lock
        assert parse_lock(lock.text()) == lock
        assert number(declared, lock).lock == lock


def test_new_keys_are_numbered_by_name_after_the_version() -> None:
    assert numbers(after(registry(key("b"), key("a")))) == {"version": 1, "a": 2, "b": 3}
    grown = after(registry(key("b"), key("c")), registry(key("a"), key("b"), key("c")))
    assert numbers(grown) == {"version": 1, "b": 2, "c": 3, "a": 4}


def test_numbers_that_protobuf_keeps_are_skipped() -> None:
    assert next_number({18_999}) == 20_000
    assert next_number(set()) == 1


def test_a_key_that_is_no_longer_declared_is_reserved() -> None:
    outcome = after(registry(key("a"), key("b")), registry(key("b")))
    (retired,) = outcome.registry.projects[0].retired
    assert (retired.name, retired.number) == ("a", 2)
    assert outcome.changes.retired == ("toy.a",)


def test_a_retired_key_that_is_declared_again_gets_its_number_back() -> None:
    outcome = after(registry(key("a"), key("b")), registry(key("b")), registry(key("a"), key("b")))
    assert numbers(outcome) == {"version": 1, "a": 2, "b": 3}
    assert outcome.changes.revived == ("toy.a",)
    assert outcome.registry.projects[0].retired == ()


def test_a_project_that_is_gone_keeps_its_lines() -> None:
    outcome = after(registry(key("a"), project="old"), registry(key("a"), project="new"))
    assert [(line.project, line.retired) for line in outcome.lock.keys] == [
        ("new", False),
        ("new", False),
        ("old", True),
        ("old", True),
    ]


def refusals(*steps: Registry) -> list[str]:
    return [finding.check for finding in after(*steps).findings]


@pytest.mark.parametrize(
    "later", [key("a", KeyType.VERSION), replace(key("a", KeyType.LIST), catalogue=("x",))]
)
def test_a_change_of_type_is_refused_even_after_retirement(later: Key) -> None:
    first = registry(key("a", KeyType.LIST, ["x"]))
    assert refusals(first, registry(later)) == ["type-change"]
    assert refusals(first, registry(), registry(later)) == ["type-change"]


def test_a_refused_type_change_names_the_remedy() -> None:
    (finding,) = after(registry(key("a")), registry(key("a", KeyType.TEXT))).findings
    assert "declare a new key, such as `a_2`" in finding.message
    assert str(finding).startswith("a.info:1:1: error: ")


def count(name: str, *bounds: int, **more: str) -> Key:
    return replace(key(name, KeyType.COUNT, **more), buckets=bounds)


@pytest.mark.parametrize("bounds", [(1, 50, 100), (100,), (1, 100, 1000), (2, 100)])
def test_bounds_are_permanent_even_after_retirement(bounds: tuple[int, ...]) -> None:
    first = registry(count("pages", 1, 100))
    later = registry(count("pages", *bounds))
    assert refusals(first, later) == ["bounds-change"]
    assert refusals(first, registry(), later) == ["bounds-change"]
    assert refusals(first, first) == []


def test_refused_bounds_name_the_remedy_and_it_works() -> None:
    first = registry(count("pages", 1, 100))
    (finding,) = after(first, registry(count("pages", 1, 50))).findings
    assert "the bounds 1, 100 under number 2" in finding.message
    assert "`pages_2`, with the bounds 1, 50 and `formerly = pages`" in finding.message
    later = registry(count("pages_2", 1, 50, formerly="pages"))
    outcome = after(first, later, later)
    assert outcome.findings == ()
    assert numbers(outcome) == {"version": 1, "pages_2": 3}
    assert [each.number for each in outcome.registry.projects[0].retired] == [2]


def test_a_count_that_keeps_its_bounds_can_be_renamed() -> None:
    outcome = after(
        registry(count("pages", 1, 100)), registry(count("nodes", 1, 100, formerly="pages"))
    )
    assert numbers(outcome) == {"version": 1, "nodes": 2}
    assert outcome.findings == ()


def test_a_lock_that_was_written_before_bounds_were_kept_gets_them() -> None:
    old = parse_lock(
        '{"project": "toy", "number": 1, "key": "version", "type": "version"}\n'
        '{"project": "toy", "number": 2, "key": "pages", "type": "count"}\n'
    )
    outcome = number(registry(count("pages", 1, 100)), old)
    assert outcome.findings == ()
    assert '"buckets": [1, 100]' in outcome.lock.text()


@pytest.mark.parametrize(
    "damage", ['"type": "count", "buckets": [5, 1]', '"type": "count", "buckets": ["1"]',
               '"type": "count", "buckets": 3', '"type": "boolean", "buckets": [1]'],
)  # fmt: skip
def test_bounds_that_are_none_are_a_damaged_lock(damage: str) -> None:
    with pytest.raises(LockError, match="buckets are"):
        parse_lock('{"project": "toy", "number": 2, "key": "pages", ' + damage + "}\n")


def test_a_renamed_key_keeps_its_number_and_its_name_on_the_wire() -> None:
    outcome = after(registry(key("old")), registry(key("new", formerly="old")))
    (_, renamed) = outcome.registry.projects[0].keys
    assert (renamed.name, renamed.field, renamed.number) == ("new", "old", 2)
    assert outcome.changes.renamed == ("toy.old to new",)
    again = number(registry(key("new", formerly="old")), outcome.lock)
    assert again.lock == outcome.lock
    assert again.findings == ()


def test_a_key_renamed_twice_is_still_the_same_key() -> None:
    outcome = after(
        registry(key("a")), registry(key("b", formerly="a")), registry(key("c", formerly="b"))
    )
    assert [(line.key, line.field, line.number) for line in outcome.lock.keys][1:] == [
        ("c", "a", 2)
    ]


def test_formerly_must_name_a_key_that_is_known_and_no_longer_declared() -> None:
    assert refusals(registry(key("a")), registry(key("b", formerly="typo"))) == ["formerly"]
    both = registry(key("a"), key("b", formerly="a"))
    assert refusals(registry(key("a")), both) == ["formerly"]
    taken = registry(key("b", formerly="a"))
    assert refusals(registry(key("a"), key("b")), taken) == ["formerly"]


def test_formerly_is_nothing_to_stumble_over_in_a_first_build() -> None:
    assert refusals(registry(key("b", formerly="a"))) == []


@pytest.mark.parametrize("name", ["old", "o_l_d"])
def test_the_name_that_a_renamed_key_left_behind_is_not_given_away(name: str) -> None:
    renamed = key("new", formerly="old")
    assert refusals(registry(key("old")), registry(renamed), registry(renamed, key(name)))


def test_a_value_spelt_otherwise_does_not_take_over_a_reserved_name() -> None:
    first = registry(key("a", KeyType.CHOICE, ["Nginx", "Apache"]))
    later = registry(key("a", KeyType.CHOICE, ["nginx", "Apache"]))
    assert refusals(first, later) == ["value-taken"]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"project": "toy", "number": 0, "key": "a", "type": "text"}',
        '{"project": "toy", "number": 19000, "key": "a", "type": "text"}',
        '{"project": "toy", "number": 1, "key": "a", "type": "text"}',
        '{"project": "toy", "number": true, "key": "a", "type": "text"}',
        '{"project": "toy", "number": 2, "key": "a", "type": "shape"}',
        '{"project": "toy", "number": 2, "key": "a", "type": "text", "colour": 1}',
        '{"project": "toy", "number": 2, "key": "a", "key": "b", "type": "text"}',
        '{"project": "toy", "number": 2, "key": "a", "type": "choice", "values": {"x": 1}}',
        '{"project": "toy", "number": 2, "key": "a", "type": "choice", "values": {"x": 2, "y": 2}}',
        '{"project": "toy", "number": 2, "key": "a", "type": "choice", "retired_values": ["x"]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_line_is_refused_with_its_place_and_a_remedy(line: str) -> None:
    with pytest.raises(LockError, match=r"^registry.lock:2: error: .*version control"):
        parse_lock(
            f'{{"project": "toy", "number": 1, "key": "version", "type": "version"}}\n{line}'
        )


def test_two_branches_that_gave_out_one_number_are_told_apart() -> None:
    lines = [
        LockedKey(project="toy", number=2, key=name, field=name, type="text", values={}).line()
        for name in ("a", "b")
    ]
    with pytest.raises(LockError, match="keep the line that was released"):
        parse_lock("\n".join(lines))
