"""Whatever a collector returns, only what the declaration allows comes out."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest
from headcount.reporting.values import OTHER, bucket, normalised, version
from hypothesis import given
from hypothesis import strategies as st
from support.sample_project import key

if TYPE_CHECKING:
    from headcount.model.project import Key

BOOLEAN = key("flag", 2, "boolean")
CHOICE = key("os", 2, "choice", values={"Linux": 2, "Windows": 3}, aliases={"WINNT": "Windows"})
VERSION = key("php", 2, "version", precision=2)
PRODUCT = key(
    "db", 2, "product", precision=2,
    values={"MySQL": 2, "MariaDB": 3, "Microsoft SQL Server": 4}, aliases={"mysql": "MySQL"},
)  # fmt: skip
COUNT = key("users", 2, "count", buckets=(10, 100, 1000))
LIST = key("layouts", 2, "list", values={"a": 2, "b": 3}, aliases={"A": "a"}, max_items=2)
CATALOGUE = key("modules", 2, "list", catalogue=("views", "webform"))
TEXT = key("motto", 2, "text")

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("raw", "cut"),
    [
        ("8.2.7", "8.2"), ("8", "8"), ("5.5.5-10.11.19-MariaDB-log", "10.11"), ("5.5.5", "5.5"),
        ("10.11.19-MariaDB", "10.11"), ("1.x-2.3.1", "2.3"), ("v1.30.0", "1.30"), ("1.x", "1"),
        ("1.30.x-dev", "1.30"), ("8.2.7-1ubuntu3", "8.2"), ("1.x-dev", OTHER), ("x", OTHER),
        ("dev", OTHER), (" 3.1 ", "3.1"), (".5", OTHER), ("1..2", "1"), ("\u0663.\u0661", OTHER),
        ("20261121123456.1", OTHER), ("V2", "2"), ("1.x-v2.0", "2.0"),
    ],
)  # fmt: skip
def test_versions_are_cut_as_the_design_says(raw: str, cut: str) -> None:
    assert version(raw, 2) == cut


@pytest.mark.slow
@given(st.text(), st.integers(min_value=1, max_value=4))
def test_a_version_is_digits_and_dots_of_its_precision_or_other(raw: str, precision: int) -> None:
    cut = version(raw, precision)
    assert cut == OTHER or re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})*", cut)
    assert cut.count(".") < precision
    assert version(cut, precision) == cut


@pytest.mark.slow
@given(st.lists(st.integers(min_value=0, max_value=99_999), min_size=1, max_size=6))
def test_a_plain_version_keeps_its_first_components(parts: list[int]) -> None:
    assert version(".".join(map(str, parts)), 3) == ".".join(map(str, parts[:3]))


@pytest.mark.slow
@given(st.integers(min_value=0), st.lists(st.integers(min_value=1), unique=True).map(sorted))
def test_a_count_leaves_as_the_lower_bound_of_its_bucket(count: int, bounds: list[int]) -> None:
    lower = bucket(count, tuple(bounds))
    upper = next((bound for bound in bounds if bound > lower), None)
    assert lower in {0, *bounds}
    assert lower <= count
    assert upper is None or count < upper


@pytest.mark.parametrize(
    ("raw", "lower"),
    [(0, 0), (9, 0), (10, 10), (999, 100), (10**30, 1000), ("42", 10), (-1, None), (True, None),
     (4.2, None), ("many", None), ("-3", None), ("9" * 50, None)],
)  # fmt: skip
def test_counts_that_make_no_sense_are_no_answer(raw: object, lower: int | None) -> None:
    assert normalised(COUNT, raw) == lower


@pytest.mark.parametrize(
    ("raw", "truth"),
    [(True, True), (False, False), ("Yes", True), ("No", False), ("TRUE", True), ("FALSE", False),
     ("1", True), ("0", False), (1, True), (0, False), (2, None), ("maybe", None), ("", None),
     (1.0, None), ([], None)],
)  # fmt: skip
def test_booleans_read_as_people_write_them(raw: object, *, truth: bool | None) -> None:
    assert normalised(BOOLEAN, raw) is truth


@pytest.mark.parametrize(
    ("raw", "value"),
    [("Linux", "Linux"), ("WINNT", "Windows"), (" Linux ", "Linux"), ("TempleOS", OTHER),
     (OTHER, OTHER), ("", None), (3, None)],
)  # fmt: skip
def test_a_choice_outside_its_set_is_other(raw: object, value: str | None) -> None:
    assert normalised(CHOICE, raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (("MariaDB", "5.5.5-10.11.19-MariaDB"), ("MariaDB", "10.11")),
        ("MariaDB 10.11.19", ("MariaDB", "10.11")),
        ("MySQL/8.0.36-0ubuntu0", ("MySQL", "8.0")),
        ("mysql 8.0", ("MySQL", "8.0")),
        ("Microsoft SQL Server 15.0.2000", ("Microsoft SQL Server", "15.0")),
        ("MySQLite 3", (OTHER, "")),
        (("MySQL", None), ("MySQL", "")),
        ("MySQL", ("MySQL", "")),
        (("MySQL", "unknown"), ("MySQL", "")),
        (("SecretDB", "7.7"), (OTHER, "")),
        (("", "7.7"), None),
        (("MySQL", "8", "0"), None),
        (8, None),
    ],
)
def test_a_product_is_a_known_name_with_a_cut_version(raw: object, value: object) -> None:
    assert normalised(PRODUCT, raw) == value


@pytest.mark.parametrize(
    ("item", "raw", "value"),
    [
        (LIST, ["b", "A", "a"], ("a", "b")),
        (LIST, ["x", "y", "b"], ("b", OTHER)),
        (LIST, ["a", "b", "x"], ("a", "b")),
        (LIST, [], ()),
        (LIST, ["a", 7, None], ("a",)),
        (LIST, "ab", None),
        (LIST, 7, None),
        (CATALOGUE, {"views", "custom_a", "custom_b"}, (OTHER, "views")),
        (CATALOGUE, itertools.repeat("views"), ("views",)),
    ],
)
def test_a_list_is_sorted_bounded_and_names_nothing_unknown(
    item: Key, raw: object, value: object
) -> None:
    assert normalised(item, raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [("hello", "hello"), (" a \n b ", "a b"), ("é" * 64, "é" * 64), ("x" * 65, None), ("", None),
     ("a\x00b", None), (7, None)],
)  # fmt: skip
def test_a_text_that_is_too_long_is_refused_and_not_cut(raw: object, value: object) -> None:
    assert normalised(TEXT, raw) == value


@pytest.mark.slow
@given(ANYTHING)
def test_nothing_undeclared_gets_out(raw: object) -> None:
    """The law of every type, whatever comes in."""
    assert normalised(BOOLEAN, raw) in {None, True, False}
    assert normalised(CHOICE, raw) in {None, OTHER, "Linux", "Windows"}
    assert normalised(COUNT, raw) in {None, 0, 10, 100, 1000}
    product: Any = normalised(PRODUCT, raw)
    assert product is None or (product[0] in {*PRODUCT.values, OTHER} and len(product[1]) < 20)
    assert product is None or product[0] != OTHER or product[1] == ""
    items: Any = normalised(LIST, raw)
    assert items is None or set(items) <= {"a", "b", OTHER}
    assert items is None or (len(items) <= 2 and list(items) == sorted(set(items)))
    items = normalised(CATALOGUE, raw)
    assert items is None or set(items) <= {"views", "webform", OTHER}
    text: Any = normalised(TEXT, raw)
    assert text is None or 0 < len(text) <= 64
