"""The vectors: current, complete, and true to the rules that they are about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import grpc
import pytest
from conformance.write import SOURCES, out_of_date
from headcount.v1.telemetry_service_pb2 import IgnoredReason
from headcount_registry.conformance import vectors
from headcount_registry.declarations.model import KeyType

FILES = {name: vectors.load(name) for name in vectors.names()}
PROJECTS = vectors.projects()


def types(project: str) -> dict[str, str]:
    return {key["name"]: key["type"] for key in PROJECTS[project]["keys"]}


def without_vectors(known: Iterable[str]) -> set[str]:
    """The types of key that no case cuts, or that no report carries."""
    cut = {
        types(case.given["project"])[case.given["key"]]
        for case in FILES["values"].cases
        if case.expect["value"] is not None
    }
    carried = {
        types(case.given["project"])[name]
        for case in FILES["reports"].cases
        for name, answer in case.given["answers"].items()
        if answer is not None
    }
    return {kind for kind in known if kind not in cut & carried}


@pytest.mark.slow
def test_the_vectors_are_what_their_sources_make() -> None:
    assert out_of_date() == []


@pytest.mark.slow
def test_every_type_of_key_has_vectors_and_a_new_one_needs_them() -> None:
    assert without_vectors(KeyType) == set()
    assert without_vectors([*KeyType, "colour"]) == {"colour"}


@pytest.mark.parametrize("name", FILES)
def test_every_case_has_a_name_of_its_own_and_a_reason(name: str) -> None:
    cases = FILES[name].cases
    assert len({case.id for case in cases}) == len(cases) > 0
    assert all(case.why.endswith(".") for case in cases)


def test_every_operation_is_described_and_asked() -> None:
    for source in SOURCES:
        assert {case["do"] for case in source.cases} == source.operations.keys()


def test_no_expected_token_occurs_in_two_own_weeks() -> None:
    for case in FILES["histories"].cases:
        seen: dict[str, tuple[int, int]] = {}
        for step, left in zip(case.given["steps"], case.expect["steps"], strict=True):
            own = datetime.fromtimestamp(step["at"], UTC).isocalendar()[:2]
            for report in left:
                assert seen.setdefault(report["token"], own) == own, case.id


def test_every_status_that_a_server_can_give_has_an_answer() -> None:
    asked = {case.given["code"] for case in FILES["answers"].cases if case.do == "answer"}
    assert asked == {code.name for code in grpc.StatusCode}


def test_every_reason_to_leave_a_key_out_is_read() -> None:
    read = {
        item["reason"]
        for case in FILES["envelopes"].cases
        if case.do.startswith("response")
        for item in case.expect["ignored"]
    }
    assert read == set(IgnoredReason.keys()) - {"IGNORED_REASON_UNSPECIFIED"}
