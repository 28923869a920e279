"""JSON as the doors first read it, and what it is when it is read as usual."""

from __future__ import annotations

import json
from typing import Any

import pytest
from headcount_server.doors.json_text import MAX_DEPTH, Number, named, parse, plain
from headcount_server.errors import InvalidReport
from hypothesis import given
from hypothesis import strategies as st

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def _told(value: str) -> Any:  # noqa: ANN401 - any JSON
    return parse(f'{{"a": {value}}}'.encode())[0][1]


@given(st.dictionaries(st.text(), _VALUES, max_size=3))
def test_an_object_becomes_what_it_was_written_from(told: dict[str, Any]) -> None:
    for ascii_alone in (True, False):
        found = plain(parse(json.dumps(told, ensure_ascii=ascii_alone).encode()))
        assert json.dumps(found) == json.dumps(told)  # which tells 1, 1.0 and true apart


def test_values_that_python_takes_for_equal_are_told_apart() -> None:
    told = [_told(text) for text in ("1", "1.0", "1e0", "true", '"1"', '{"value": 1}', "null")]
    assert len(set(told)) == len(told)
    assert _told("-7") == Number("-7")
    assert (plain(_told("-7")), plain(_told("-7.5")), plain(_told("1e2"))) == (-7, -7.5, 100.0)


def _nested(levels: int, inside: str, opening: str, closing: str) -> str:
    return opening * levels + inside + closing * levels


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"b":', "}")])
def test_a_value_within_the_deepest_object_or_list_is_refused(opening: str, closing: str) -> None:
    # The object around it is the first level.
    deepest = _told(_nested(MAX_DEPTH - 2, "1", opening, closing))
    assert plain(parse(b"{}"), MAX_DEPTH) == {}
    assert plain(deepest, 2)
    for levels in (MAX_DEPTH - 1, MAX_DEPTH, 200):
        with pytest.raises(InvalidReport, match=f"deeper than {MAX_DEPTH} levels"):
            plain(_told(_nested(levels, "1", opening, closing)), 2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON in UTF-8"),
        (b'{"a": NaN}', "not JSON in UTF-8"),
        (b'{"a": "\xff"}', "not JSON in UTF-8"),
        (b'{"a": "\\ud800"}', "not JSON in UTF-8"),
        (b'{"\\udfff": 1}', "not JSON in UTF-8"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"[" * 60_000, f"deeper than {MAX_DEPTH} levels"),
    ],
    ids=str,
)
def test_a_body_that_is_no_object_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(InvalidReport, match=words):
        parse(body)


def test_a_number_of_too_many_digits_is_refused_once_it_is_asked_for() -> None:
    with pytest.raises(InvalidReport, match="not JSON"):
        plain(_told("1" * 5000))


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert _told('"\\ud83d\\ude00"') == "😀"


def test_a_name_that_is_given_twice_is_refused_wherever_it_stands() -> None:
    for body in (b'{"a": 1, "a": 2}', b'{"b": [{"a": 1, "a": 1}]}'):
        with pytest.raises(InvalidReport, match="given twice"):
            plain(parse(body))
    assert named(parse(b'{"a": {"b": 1, "b": 2}}')).keys() == {"a"}
