from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from headcount_registry import checks
from headcount_registry.findings import Severity
from headcount_registry.pipeline.build import build
from headcount_registry.pipeline.review import review

if TYPE_CHECKING:
    from headcount_registry.findings import Finding
    from support.workbench import Bench

TODAY = dt.date(2026, 1, 1)
ABOUT = """\
headcount[homepage] = https://toymakers.org
headcount[recipient] = The toy makers
headcount[contact] = toys@toymakers.org
headcount[endpoint] = grpcs://telemetry.toymakers.org
"""
SHORT = ABOUT + "telemetry[php_version] = PHP Version\n"


def found(bench: Bench, text: str, *, strict: bool = False) -> tuple[Finding, ...]:
    bench.write("toy.info", text)
    return review([bench.declarations], bench.lock, TODAY, strict=strict).findings


@pytest.mark.slow
def test_a_warning_that_a_key_allows_is_not_a_finding(bench: Bench) -> None:
    key = "telemetry[note][label] = Note\ntelemetry[note][type] = text\n"
    assert [each.check for each in found(bench, ABOUT + key)] == ["text-type"]
    assert not found(bench, ABOUT + key + "telemetry[note][allow][] = text-type\n")
    assert not bench.build().findings


def test_an_allowance_holds_for_its_key_alone(bench: Bench) -> None:
    keys = "".join(
        f"telemetry[{name}][label] = Note\ntelemetry[{name}][type] = text\n"
        for name in ("note", "remark")
    )
    findings = found(bench, ABOUT + keys + "telemetry[note][allow][] = text-type\n")
    assert [each.message.split()[0] for each in findings] == ["`remark`"]


@pytest.mark.slow
def test_a_key_in_the_shorthand_is_allowed_for_in_another_file(bench: Bench) -> None:
    bench.write(
        "accepted.info",
        "project = toy\ntelemetry[php_version][allow][] = text-type\n",
    )
    assert not found(bench, SHORT, strict=True)
    (project,) = bench.build().registry.projects
    assert [key.label for key in project.keys] == ["Release", "PHP Version"]
    assert project.keys[1].location.file.endswith("toy.info")


def test_a_project_may_allow_what_is_found_of_itself(bench: Bench) -> None:
    key = "telemetry[good][label] = Good\ntelemetry[good][type] = boolean\n"
    assert [each.check for each in found(bench, key)] == ["project-unstated"]
    assert not found(bench, key + "headcount[allow][] = project-unstated\n")


def test_what_a_project_check_finds_of_a_key_is_allowed_at_the_key(bench: Bench) -> None:
    keys = "".join(
        f"telemetry[{name}][label] = Servers\ntelemetry[{name}][type] = boolean\n"
        for name in ("web_server", "web_servers")
    )
    (finding,) = found(bench, ABOUT + keys)
    assert finding.check == "similar-keys"
    assert not found(bench, ABOUT + keys + "telemetry[web_servers][allow][] = similar-keys\n")


@pytest.mark.parametrize("check", [each for each in checks.ALL if not each.allowable])
def test_no_error_can_be_allowed(bench: Bench, check: checks.Check) -> None:
    findings = found(bench, SHORT + f"headcount[allow][] = {check.name}\n")
    assert "unknown-allowance" in {each.check for each in findings}
    assert check.severity is Severity.ERROR or check.name.endswith("-allowance")


def test_an_error_stays_although_it_is_allowed(bench: Bench) -> None:
    key = "telemetry[k][type] = bool\ntelemetry[k][label] = K\ntelemetry[k][allow][] = type\n"
    assert [each.check for each in found(bench, ABOUT + key)] == ["type", "unknown-allowance"]


def test_an_allowance_of_a_strict_finding_is_in_use_where_nobody_is_strict(bench: Bench) -> None:
    key = "telemetry[k][type] = boolean\ntelemetry[k][label] = K\ntelemetry[k][allow][] = endless\n"
    assert not found(bench, ABOUT + key)
    assert not found(bench, ABOUT + key, strict=True)


@pytest.mark.slow
def test_an_allowance_of_an_expiry_is_not_judged_by_a_build_which_has_no_day(bench: Bench) -> None:
    key = "telemetry[k][type] = boolean\ntelemetry[k][label] = K\ntelemetry[k][expires] = {}\n"
    allow = "telemetry[k][allow][] = distant-expiry\n"
    assert not found(bench, ABOUT + key.format("2029-01-01") + allow)
    assert not build([bench.declarations], bench.lock).findings
    assert [each.check for each in found(bench, ABOUT + key.format("2026-06-01") + allow)] == [
        "unused-allowance"
    ]
    assert not build([bench.declarations], bench.lock).findings


@pytest.mark.slow
def test_allowances_change_nothing_that_is_built(bench: Bench) -> None:
    key = "telemetry[note][label] = Note\ntelemetry[note][type] = text\n"
    bench.write("toy.info", ABOUT + key)
    before = bench.build().files
    bench.write("toy.info", ABOUT + key + "telemetry[note][allow][] = text-type\n")
    assert bench.build().files == before


def test_strict_takes_every_finding_for_an_error(bench: Bench) -> None:
    more = SHORT + "telemetry[k][type] = boolean\n"
    assert {each.severity for each in found(bench, more)} == {Severity.WARNING}
    strict = found(bench, more, strict=True)
    assert {each.severity for each in strict} == {Severity.ERROR}
    assert {each.check for each in strict} == {"text-type", "endless"}
