"""A report is taken as far as the registry allows; the rest is named and left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from google.protobuf.unknown_fields import UnknownFieldSet
from headcount.v1 import options_pb2, telemetry_service_pb2
from headcount_server.counting import answers
from headcount_server.counting.answers import Answers
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Key, Project
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 11, 19)
Reason = telemetry_service_pb2.IgnoredReason
MALFORMED = Reason.IGNORED_REASON_MALFORMED
OUT_OF_BOUNDS = Reason.IGNORED_REASON_OUT_OF_BOUNDS

TAKEN: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("multisite", {"value": True}, ("true",)),
    ("multisite", {"value": False}, ()),
    ("channel", {"value": 2}, ("stable",)),
    ("channel", {"value": 3}, ('a "b" \\ c\nd',)),
    ("channel", {"value": 1}, ()),
    ("channel", {"value": 77}, ()),
    ("channel", {"value": -1}, ()),
    ("php_version", {"value": "8.2"}, ("8.2",)),
    ("php_version", {"value": "8"}, ("8",)),
    ("php_version", {"value": "8.2.7.1"}, ("8.2",)),
    ("php_version", {"value": "other"}, ()),
    ("php_version", {"value": "123456789.22.04" + ".1" * 24}, ("123456789.22",)),
    ("web_server", {"value": 2, "version": "2.4.58"}, ("Apache 2.4",)),
    ("web_server", {"value": 3}, ("nginx",)),
    ("web_server", {"value": 3, "version": "other"}, ("nginx",)),
    ("web_server", {"value": 1, "version": "2.4"}, ()),
    ("web_server", {"value": 99, "version": "2.4"}, ()),
    ("nodes", {"value": 0}, ()),
    ("nodes", {"value": 9}, ()),
    ("nodes", {"value": 10}, ("10-99",)),
    ("nodes", {"value": 99}, ("10-99",)),
    ("nodes", {"value": 100}, ("100+",)),
    ("nodes", {"value": 2**63 - 1}, ("100+",)),
    ("modules", {"values": [3, 2]}, ("block", "views")),
    ("modules", {"values": [2, 2, 2]}, ("block",)),
    ("modules", {"values": [2, 1, 88]}, ("block",)),
    ("modules", {"values": []}, ()),
    ("contrib", {"values": ["webform", "my_secret", "rules"]}, ("rules", "webform")),
    ("contrib", {"values": ["other", "x" * 500]}, ()),
    ("contrib", {"values": ["Webform", "webform "]}, ()),
    ("note", {"value": "grüße, 100 %"}, ("grüße, 100 %",)),
    ("note", {"value": "x" * 64}, ("x" * 64,)),
    ("note", {"value": "other"}, ()),
]

LeftOut = tuple[str, dict[str, Any], telemetry_service_pb2.IgnoredReason, str]
LEFT_OUT: list[LeftOut] = [
    ("multisite", {}, MALFORMED, "multisite.value"),
    ("channel", {}, MALFORMED, "channel.value"),
    ("channel", {"value": 0}, MALFORMED, "channel.value"),
    ("php_version", {}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "8.x"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "v8"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "8..2"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "1234567890.1"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "8.2\n"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "٨.٢"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "Other"}, MALFORMED, "php_version.value"),
    ("php_version", {"value": "1" * 65}, OUT_OF_BOUNDS, "php_version.value"),
    ("web_server", {"version": "2.4"}, MALFORMED, "web_server.value"),
    ("web_server", {"value": 2, "version": "two"}, MALFORMED, "web_server.version"),
    ("web_server", {"value": 1, "version": "two"}, MALFORMED, "web_server.version"),
    ("web_server", {"value": 2, "version": "2" * 65}, OUT_OF_BOUNDS, "web_server.version"),
    ("nodes", {}, MALFORMED, "nodes.value"),
    ("nodes", {"value": -1}, OUT_OF_BOUNDS, "nodes.value"),
    ("modules", {"values": [2, 0]}, MALFORMED, "modules.values"),
    ("modules", {"values": [2, 2, 2, 2]}, OUT_OF_BOUNDS, "modules.values"),
    ("contrib", {"values": ["x"] * 201}, OUT_OF_BOUNDS, "contrib.values"),
    ("note", {}, MALFORMED, "note.value"),
    ("note", {"value": " x"}, MALFORMED, "note.value"),
    ("note", {"value": "a\nb"}, MALFORMED, "note.value"),
    ("note", {"value": "a\u202eb"}, MALFORMED, "note.value"),
    ("note", {"value": "a\0b"}, MALFORMED, "note.value"),
    ("note", {"value": "x" * 65}, OUT_OF_BOUNDS, "note.value"),
    ("old", {"value": True}, Reason.IGNORED_REASON_EXPIRED, "old"),
]


@pytest.mark.parametrize(("key", "fields", "values"), TAKEN)
def test_an_answer_is_tallied_by_the_rule_of_its_type(
    toy: Project,
    said: Callable[..., bytes],
    key: str,
    fields: dict[str, Any],
    values: tuple[str, ...],
) -> None:
    read = answers.read(toy, said(**{key: fields}), TODAY)
    assert [(toy.keys[given.key].name, given.values) for given in read.given] == [(key, values)]
    assert read.ignored == ()


@pytest.mark.parametrize("left_out", LEFT_OUT, ids=str)
def test_an_answer_that_breaks_its_rule_is_left_out_by_name_and_the_rest_counts(
    toy: Project, said: Callable[..., bytes], left_out: LeftOut
) -> None:
    key, fields, reason, field = left_out
    read = answers.read(toy, said(version={"value": "1.30"}, **{key: fields}), TODAY)
    assert [given.values for given in read.given] == [("1.30",)]
    (ignored,) = read.ignored
    assert (ignored.key, toy.keys[ignored.number].name) == (key, key)
    assert (ignored.reason, ignored.violation.field) == (reason, field)
    assert ignored.violation.description


@pytest.mark.parametrize("left_out", LEFT_OUT, ids=str)
def test_a_report_of_nothing_else_is_refused_by_the_same_field(
    toy: Project, said: Callable[..., bytes], left_out: LeftOut
) -> None:
    key, fields, _, field = left_out
    with pytest.raises(InvalidReport, match=re.escape(field)) as caught:
        answers.read(toy, said(**{key: fields}), TODAY)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_key_counts_until_the_day_on_which_it_expires(
    toy: Project, said: Callable[..., bytes]
) -> None:
    report = said(old={"value": True})
    assert answers.read(toy, report, date(2025, 12, 31)).given[0].values == ("true",)
    with pytest.raises(InvalidReport, match="expired on 2026-01-01"):
        answers.read(toy, report, date(2026, 1, 1))


def test_a_key_of_a_newer_registry_is_named_by_its_number(
    toy: Project, said: Callable[..., bytes]
) -> None:
    unknown = bytes([0xF2, 0x01, 3]) + b"abc"  # field 30, bytes
    read = answers.read(toy, said(multisite={"value": True}) + unknown, TODAY)
    (ignored,) = read.ignored
    assert (ignored.key, ignored.number) == ("", 30)
    assert ignored.reason == Reason.IGNORED_REASON_UNKNOWN
    assert "abc" not in str(ignored.violation)


def test_the_release_for_cross_tabulations_is_that_of_the_report_or_other(
    toy: Project, said: Callable[..., bytes]
) -> None:
    php = {"value": "8.2"}
    known = said(php_version=php, version={"value": "1.30.2"})
    assert answers.read(toy, known, TODAY).release == "1.30"
    for version in ({"value": "other"}, {"value": "dev"}, {}):
        assert answers.read(toy, said(php_version=php, version=version), TODAY).release == "other"
    assert answers.read(toy, said(php_version=php), TODAY).release == "other"


def test_bytes_that_are_no_report_are_refused(toy: Project) -> None:
    with pytest.raises(InvalidReport, match=r"report: not a headcount\.projects\.toy\.v1\.Report"):
        answers.read(toy, b"\xff\xff", TODAY)


VERSION = re.compile(r"[0-9]{1,64}(\.[0-9]{1,64})?", re.ASCII)


def _is_version(text: str) -> bool:
    return VERSION.fullmatch(text) is not None


def _is_text(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isprintable() and text == text.strip()


def _is_product(key: Key, text: str) -> bool:
    product, blank, version = text.partition(" ")
    return product in key.values.values() and (not blank or _is_version(version))


ALLOWED: dict[int, Callable[[Key, str], bool]] = {
    options_pb2.KEY_TYPE_BOOLEAN: lambda _, text: text == "true",
    options_pb2.KEY_TYPE_CHOICE: lambda key, text: text in key.values.values(),
    options_pb2.KEY_TYPE_VERSION: lambda _, text: _is_version(text),
    options_pb2.KEY_TYPE_PRODUCT: _is_product,
    options_pb2.KEY_TYPE_COUNT: lambda _, text: text in {"10-99", "100+"},
    options_pb2.KEY_TYPE_LIST: lambda key, text: text in {*key.values.values(), *key.catalogue},
    options_pb2.KEY_TYPE_TEXT: lambda _, text: _is_text(text),
}


def _check(toy: Project, read: Answers) -> None:
    for given_answer in read.given:
        key = toy.keys[given_answer.key]
        for text in given_answer.values:
            assert ALLOWED[key.declaration.type](key, text), (key.name, text)
        assert len(given_answer.values) == len(set(given_answer.values))
    assert read.release == "other" or _is_version(read.release)
    keys = [answer.key for answer in read.given]
    assert sorted(set(keys)) == keys


@pytest.mark.slow
@given(report=st.binary(max_size=200))
def test_no_bytes_make_the_server_keep_a_text_that_no_declaration_allows(
    toy: Project, report: bytes
) -> None:
    try:
        read = answers.read(toy, report, TODAY)
    except InvalidReport:
        return
    _check(toy, read)


TEXTS = st.one_of(
    st.text(max_size=70), st.from_regex(r"[0-9.]{1,70}"), st.sampled_from(["other", "webform"])
)
MESSAGES = {
    "version": st.fixed_dictionaries({"value": TEXTS}),
    "php_version": st.fixed_dictionaries({"value": TEXTS}),
    "multisite": st.fixed_dictionaries({}, optional={"value": st.booleans()}),
    "web_server": st.fixed_dictionaries({"value": st.integers(-2, 5), "version": TEXTS}),
    "nodes": st.fixed_dictionaries({}, optional={"value": st.integers(-(2**63), 2**63 - 1)}),
    "modules": st.fixed_dictionaries({"values": st.lists(st.integers(-2, 5), max_size=5)}),
    "contrib": st.fixed_dictionaries({"values": st.lists(TEXTS, max_size=5)}),
    "note": st.fixed_dictionaries({"value": TEXTS}),
    "old": st.fixed_dictionaries({"value": st.booleans()}),
    "languages": st.fixed_dictionaries({"values": st.lists(st.integers(-2, 5), max_size=5)}),
    "channel": st.fixed_dictionaries({"value": st.integers(-2, 5)}),
}


@pytest.mark.slow
@given(fields=st.fixed_dictionaries({}, optional=MESSAGES), tail=st.binary(max_size=8))
def test_every_key_of_any_report_is_either_counted_or_named(
    toy: Project, fields: dict[str, dict[str, Any]], tail: bytes
) -> None:
    report = toy.report_class(**fields)
    data = report.SerializeToString() + tail
    try:
        read = answers.read(toy, data, TODAY)
    except InvalidReport:
        return
    _check(toy, read)
    decoded = toy.report_class.FromString(data)
    there = {field.number for field, _ in decoded.ListFields()}
    unknown = UnknownFieldSet(decoded)
    there |= {unknown[i].field_number for i in range(len(unknown))}
    counted = [answer.key for answer in read.given]
    assert {*counted, *(ignored.number for ignored in read.ignored)} == there
