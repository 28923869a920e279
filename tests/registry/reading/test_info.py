from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from headcount_registry.reading import info
from headcount_registry.reading.info import Style, format_pair, parse, parse_sections
from hypothesis import given
from hypothesis import strategies as st
from support.growth import is_linear
from support.repository import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = json.loads((TESTS / "registry" / "data" / "info_cases.json").read_text("utf-8"))["cases"]
CONSTANTS: dict[str, info.Scalar] = {"BACKDROP_VERSION": "1.34.2"}

SIGNS = st.text(alphabet="ab=;[]\"'\\ \n\r\t", max_size=60)


def as_php_encodes(tree: object) -> object:
    """Arrays with the keys 0 to n-1 in order are lists, all others objects."""
    if not isinstance(tree, dict):
        return tree
    values = {name: as_php_encodes(value) for name, value in tree.items()}
    if list(values) == [str(number) for number in range(len(values))]:
        return list(values.values())
    return values


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_recorded_case_gives_what_backdrop_gave(case: dict[str, Any]) -> None:
    read = parse_sections if case.get("process_sections") else lambda *a: parse(*a).tree()
    found = as_php_encodes(read(case["input"], CONSTANTS)) or {}
    assert json.dumps(found) == json.dumps(case["expected"])


def test_keys_and_values_know_their_line_and_column() -> None:
    document = parse('; a comment\n\n  a[b] =   "x"\r\nc = y\n')
    places = [
        (document.position(pair.key_start), document.position(pair.value_start))
        for pair in document.pairs
    ]
    assert places == [((3, 3), (3, 12)), ((4, 1), (4, 5))]


def test_a_value_knows_how_it_was_written() -> None:
    pairs = parse('a = x\nb = "x"\nc = \'x\'\nd = "x').pairs
    assert [pair.style for pair in pairs] == [Style.BARE, Style.DOUBLE, Style.SINGLE, Style.BARE]


def test_lines_that_fit_no_pair_are_known_and_comments_are_not_among_them() -> None:
    document = parse("; comment\na = 1\nx[y[z]] = 2\nb = 3\nthe end")
    assert [line for _, line in document.skipped()] == ["x[y[z]] = 2", "the end"]


def test_blanks_before_a_lone_equals_sign_are_its_key() -> None:
    assert [(pair.key, pair.value) for pair in parse("a = 1\n\n = 2").pairs] == [
        ("a", "1"),
        (" ", "2"),
    ]


def test_an_empty_value_remains_where_a_carriage_return_forbids_the_next_line() -> None:
    assert [(pair.key, pair.value) for pair in parse("a =\nb\rc").pairs] == [("a", "")]


@pytest.mark.slow
@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_crash_it(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    document = parse(text)
    document.tree()
    parse_sections(text)
    for pair in document.pairs:
        assert 0 <= pair.key_start <= pair.value_start <= pair.end <= len(text)


@pytest.mark.slow
@given(SIGNS)
def test_pairs_follow_each_other_and_nothing_is_both_pair_and_skipped(text: str) -> None:
    document = parse(text)
    ends = [0]
    for pair in document.pairs:
        assert ends[-1] <= pair.key_start < pair.end
        ends.append(pair.end)
    for offset, line in document.skipped():
        assert text.startswith(line, offset)
        assert not any(pair.key_start <= offset < pair.end for pair in document.pairs)


SEGMENT = st.text(alphabet="ab1_. ;='\n", max_size=5)
FIRST = st.text(alphabet="ab1_.-é", min_size=1, max_size=5)
VALUE = st.one_of(st.text(max_size=20), SIGNS, st.booleans(), st.none())


@pytest.mark.slow
@given(st.lists(st.tuples(FIRST, st.lists(SEGMENT, max_size=3), VALUE), max_size=6))
def test_printing_and_parsing_again_is_the_identity(
    lines: list[tuple[str, list[str], info.Scalar]],
) -> None:
    wanted, texts = [], []
    for first, rest, value in lines:
        try:
            texts.append(format_pair((first, *rest), value))
        except ValueError:
            continue
        wanted.append(((first, *rest), value))
    assert [(pair.path, pair.value) for pair in parse("\n".join(texts)).pairs] == wanted


@pytest.mark.parametrize(
    ("path", "value"),
    [(("",), "x"), (("a=",), "x"), (("a", "]"), "x"), (("a",), "True"), (("a",), " \\")],
)
def test_what_the_grammar_cannot_say_is_not_printed(path: tuple[str, ...], value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        format_pair(path, value)


LONG: dict[str, Callable[[int], str]] = {
    "quoted value": lambda size: f'a = "{"x" * size}"\n',
    "quoted value full of structure": lambda size: f'a = "{"=[" * (size // 2)}"\n',
    "escaped quotes": lambda size: 'a = "' + '\\"' * (size // 2),
    "unclosed quote before a long tail": lambda size: 'a = "x\n' + "tail = t\n" * (size // 9),
    "many lines": lambda size: "a[b][] = value\n" * (size // 15),
    "lines without an equals sign": lambda size: "x\n" * (size // 2),
    "blank lines": lambda size: "\n" * size + "=\r",
    "open brackets": lambda size: "[\n" * (size // 2),
    "brackets over lines": lambda size: "[\n]" * (size // 3),
    "a carriage return at the end": lambda size: "x\n" * (size // 4) + "=" + "y" * size + "\rz",
    "nothing but equals signs": lambda size: "=\n" * (size // 2),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", LONG)
def test_a_text_of_many_times_the_length_takes_about_as_many_times_as_long(name: str) -> None:
    def read(text: str) -> None:
        assert parse(text).text == text

    assert is_linear(LONG[name], read)


def test_a_long_quoted_value_is_read_and_not_lost() -> None:
    text = "x" * 1_000_000
    assert parse(f'a = "{text}"\nb = 1').tree() == {"a": text, "b": "1"}
