"""The texts of old Backdrop sites come to the same as what a generated client would have sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from backdrop_telemetry import PROJECT as BACKDROP
from headcount.model.project import Key
from headcount.reporting import values as client_values
from headcount.v1 import options_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_registry.conformance import vectors
from headcount_registry.conformance.vectors import Case
from headcount_registry.pipeline.build import build
from headcount_server.doors import backdrop_values
from headcount_server.registry import schema
from headcount_server.registry.schema import Project
from hypothesis import given
from hypothesis import strategies as st
from support.repository import REGISTRY, TESTS


@cache
def _declared() -> Project:
    return schema.load(REGISTRY).projects["backdrop"]


@pytest.fixture(name="backdrop")
def _backdrop() -> Project:
    return _declared()


def _read(project: Project, **told: object) -> Iterator[tuple[str, Any]]:
    """Each answer of the report that is made of these texts, as people would write it."""
    data, _ = backdrop_values.report(project, told)
    for field, answer in project.report_class.FromString(data).ListFields():
        key = project.keys[field.number]
        texts = {1: "other", **key.values}
        kind = key.declaration.type
        if kind == options_pb2.KEY_TYPE_PRODUCT:
            yield key.name, f"{texts[answer.value]} {answer.version}".strip()
        elif kind == options_pb2.KEY_TYPE_CHOICE:
            yield key.name, texts[answer.value]
        elif kind == options_pb2.KEY_TYPE_LIST:
            yield key.name, [texts.get(v, v) for v in answer.values]
        else:
            yield key.name, answer.value


def _ignored(project: Project, **told: object) -> list[tuple[str, str]]:
    _, left_out = backdrop_values.report(project, told)
    prefix = "IGNORED_REASON_"
    return [(i.key, wire.IgnoredReason.Name(i.reason).removeprefix(prefix)) for i in left_out]


CAPTURED = {
    "version": "1.27.1",
    "ckeditor5_version": "40.2.0",
    "php_version": "8.2.36",
    "mysql_version": "10.11.19-MariaDB-0+deb12u1",
    "server_os": "Linux",
    "web_server": "Other",
    "install_profile": "standard",
    "multisite": "No",
    "ckeditor_module_version": "CKEditor 5",
}


def test_a_real_report_comes_to_declared_types_alone(backdrop: Project) -> None:
    assert dict(_read(backdrop, **CAPTURED)) == {
        "version": "1.27",
        "ckeditor5_version": "40",
        "php_version": "8.2",
        "mysql_version": "MariaDB 10.11",
        "server_os": "Linux",
        "web_server": "other",
        "install_profile": "standard",
        "multisite": False,
    }
    assert _ignored(backdrop, **CAPTURED) == []


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("mysql_version", "10.3.38-MariaDB-0ubuntu0.20.04.1", "MariaDB 10.3"),
        ("mysql_version", "10.6.12-MariaDB-1:10.6.12+maria~ubu2204-log", "MariaDB 10.6"),
        ("mysql_version", "5.5.5-10.4.32-MariaDB", "MariaDB 10.4"),
        ("mysql_version", "8.0.36-0ubuntu0.22.04.1", "MySQL 8.0"),
        ("mysql_version", "8.0.36", "MySQL 8.0"),
        ("mysql_version", "8", "MySQL 8"),
        ("mysql_version", "5.7.44-48-log", "MySQL 5.7"),
        ("mysql_version", "8.0.35-27 Percona Server", "Percona Server 8.0"),
        ("mysql_version", "5.7.mysql_aurora.2.11.2", "Amazon Aurora 5.7"),
        ("mysql_version", "MariaDB v10.11", "MariaDB 10.11"),
        ("mysql_version", "MariaDB", "MariaDB"),
        ("mysql_version", "PostgreSQL 14.5 (Ubuntu 14.5-1)", "PostgreSQL 14.5"),
        ("mysql_version", "Mroonga", "other"),
        ("web_server", "Apache", "Apache"),
        ("web_server", "Apache/2.4.57 (Debian)", "Apache 2.4"),
        ("web_server", "nginx/1.26.2", "nginx 1.26"),
        ("web_server", "Microsoft-IIS/10.0", "IIS 10.0"),
        ("web_server", "2.4.57", "other"),
        ("web_server", "Jim's own 3.2", "other"),
        ("server_os", "WINNT", "Windows"),
        ("server_os", "Darwin", "macOS"),
        ("server_os", "Plan 9", "other"),
        ("install_profile", "triplo", "other"),
        ("php_version", "8.1", "8.1"),
        ("php_version", "8", "8"),
        ("php_version", "8.1.2-1ubuntu2.14", "8.1"),
        ("php_version", "unknown", "other"),
        ("version", "1.x-1.x", "1"),
        ("version", "1.28.x-dev", "1.28"),
        ("jquery_version", "1.12.4", "1.12"),
        ("multisite", "Yes", True),
        ("multisite", "no", False),
        ("multisite", "TRUE", True),
        ("multisite", "0", False),
    ],
)
def test_a_text_is_brought_to_its_declared_type(
    backdrop: Project, key: str, text: str, said: object
) -> None:
    assert dict(_read(backdrop, **{key: text})) == {key: said}


@pytest.mark.parametrize("value", [["8.2"], [], {"value": "8.2"}, {}])
def test_a_value_that_php_does_not_cast_is_left_out_and_not_read_by_its_first_part(
    backdrop: Project, value: object
) -> None:
    assert dict(_read(backdrop, php_version=value, multisite="Yes")) == {"multisite": True}
    assert _ignored(backdrop, php_version=value) == [("php_version", "MALFORMED")]


def test_keys_that_nobody_declared_are_left_out_without_their_names(backdrop: Project) -> None:
    told = {"colour": "red", "x" * 2000: "y", "": "", "php_version": "8.2"}
    assert dict(_read(backdrop, **told)) == {"php_version": "8.2"}
    assert _ignored(backdrop, **told) == [("", "UNKNOWN")] * 3


def test_a_value_that_is_too_long_is_left_out(backdrop: Project) -> None:
    assert _ignored(backdrop, php_version="8." * 600) == [("php_version", "OUT_OF_BOUNDS")]
    assert _ignored(backdrop, multisite="maybe") == [("multisite", "MALFORMED")]


def test_counts_lists_and_texts_come_to_their_types_too(toy: Project) -> None:
    told = {
        "nodes": "57",
        "languages": "de, klingon, fr",
        "contrib": "rules,secret",
        "note": " a  b ",
    }
    assert dict(_read(toy, **told)) == {
        "nodes": 10,
        "languages": ["other", "de", "fr"],
        "contrib": ["other", "rules"],
        "note": "a b",
    }
    assert _ignored(toy, nodes="-5", note="x" * 65) == [
        ("nodes", "MALFORMED"),
        ("note", "MALFORMED"),
    ]
    assert dict(_read(toy, languages=",".join("abcdefgh"), nodes="3")) == {
        "languages": ["other"],
        "nodes": 0,
    }


_TEXTS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[vV]?[0-9]{1,3}(\.[0-9x]{1,11}){0,4}([-+~][a-z0-9.]{1,9})?", fullmatch=True),
    st.sampled_from(["Yes", "no", "TRUE", "1", "0", "WINNT", "Darwin", "standard", "CKEditor 5"]),
)


@pytest.mark.slow
@given(
    key=st.sampled_from([k for k in BACKDROP.keys if k.type not in {"list", "product"}]),
    text=_TEXTS,
)
def test_whatever_a_site_sends_comes_to_what_the_client_would_have_made_of_it(
    key: Key, text: str
) -> None:
    said = dict(_read(_declared(), **{key.name: text})).get(key.name)
    told = text if key.type != "boolean" or text.strip() else False  # as PHP has it
    assert said == client_values.normalised(key, told)


@pytest.mark.slow
@given(text=st.one_of(_TEXTS, st.from_regex(r"(Apache|nginx|IIS|httpd)[ /(-]?[0-9.]{0,9}.{0,9}")))
def test_a_product_that_is_named_first_comes_to_what_the_client_would_have_made_of_it(
    text: str,
) -> None:
    (key,) = (k for k in BACKDROP.keys if k.name == "web_server")
    made = client_values.normalised(key, text)
    said = dict(_read(_declared(), web_server=text)).get("web_server")
    assert said == (" ".join(made).strip() if isinstance(made, tuple) else None)


def _said(told: dict[str, object]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    project = _declared()
    return dict(_read(project, **told)), _ignored(project, **told)


@pytest.mark.parametrize("false", ["", "  ", False, None, 0, "0", "off", "Disabled", "NO"])
def test_what_php_calls_false_is_no_to_a_boolean(false: object) -> None:
    assert _said({"multisite": false}) == ({"multisite": False}, [])


@pytest.mark.parametrize("true", [True, 1, "1", "on", "Enabled", "yes", "TRUE"])
def test_what_php_calls_true_is_yes_to_a_boolean(true: object) -> None:
    assert _said({"multisite": true}) == ({"multisite": True}, [])


@pytest.mark.parametrize("empty", ["", None, [], False])
def test_an_empty_text_is_an_empty_list_to_a_list(empty: object) -> None:
    assert _said({"languages": empty}) == ({"languages": []}, [])


def test_a_list_may_come_as_one() -> None:
    assert _said({"languages": ["de", "en"]}) == _said({"languages": "de, en"})
    assert _said({"languages": [["de"], "en"]}) == ({}, [("languages", "MALFORMED")])


@pytest.mark.parametrize("key", ["mysql_version", "server_os", "php_version"])
def test_to_any_other_type_an_empty_text_says_nothing_and_that_is_told(key: str) -> None:
    assert _said({key: ""}) == ({}, [(key, "EMPTY")])


@pytest.mark.parametrize(("number", "cut"), [(8.2, "8.2"), (8.0, "8"), (8, "8"), ("8.2", "8.2")])
def test_a_number_is_the_text_that_php_makes_of_it(number: object, cut: str) -> None:
    assert _said({"php_version": number}) == ({"php_version": cut}, [])


def test_an_object_is_no_answer() -> None:
    assert _said({"multisite": {"value": True}}) == ({}, [("multisite", "MALFORMED")])


def test_keys_that_are_known_and_not_wanted_are_left_out_without_a_word() -> None:
    bee = schema.load(REGISTRY).projects["bee"]
    assert _ignored(bee, version="1.1", bee_version="1.1") == []
    assert _ignored(bee, version="1.1", other="1.1") == [("", "UNKNOWN")]


@pytest.fixture(name="survey", scope="module")
def _survey(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project that the vectors of all clients speak of, as a server reads it."""
    lock: Path = tmp_path_factory.mktemp("survey") / "registry.lock"
    built = build([TESTS / "conformance" / "declarations"], lock)
    return schema.parse(built.files["registry.binpb"]).projects["survey"]


TEXTS = [
    case
    for case in vectors.load("values").cases
    if isinstance(case.given["answer"], str)
    and case.given["answer"].strip()
    and case.given["key"] not in {"layouts", "modules"}  # lists come with commas here
]


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.id)
def test_a_text_is_cut_here_as_every_client_must_cut_it(survey: Project, case: Case) -> None:
    expected = case.expect["value"]
    if isinstance(expected, list):
        expected = " ".join(expected).strip()
    told = {case.given["key"]: case.given["answer"]}
    assert dict(_read(survey, **told)) == (
        {} if expected is None else {case.given["key"]: expected}
    )
