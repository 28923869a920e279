"""The page of the assurances is what its record makes, and what it names is there."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import evidence
import injector
import pytest
from assurance_page import render
from findings import FINDINGS
from promises import PROMISES
from support.repository import ROOT

RECORD = json.loads((ROOT / "docs" / "generated" / "assurance.json").read_bytes())
ATTACKS = {test for promise in PROMISES for attack in promise.attacks for test in attack.tests}
NAMED = sorted(ATTACKS | {finding.test for finding in FINDINGS})


@pytest.mark.slow
def test_the_page_is_what_the_record_makes() -> None:
    program = ROOT / "assurance" / "prove.py"
    done = subprocess.run(
        [sys.executable, program, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("test", NAMED)
def test_every_test_that_the_page_names_is_there(test: str) -> None:
    file, _, function = test.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_bytes())
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    # A state machine of hypothesis is a class, given to pytest by an assignment.
    machines = {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    tests = [name for name in names | machines if name.lower().startswith("test")]
    assert function in tests if function else tests


def test_every_attack_stands_with_a_promise() -> None:
    attacks = sorted((ROOT / "tests" / "attacks").rglob("test_*.py"))
    files = {test.partition("::")[0] for test in ATTACKS}
    unnamed = {str(attack.relative_to(ROOT / "tests")) for attack in attacks} - files
    assert attacks
    assert not unnamed


def test_every_promise_was_attacked_when_the_record_was_made_and_held() -> None:
    for promise in PROMISES:
        for attack in promise.attacks:
            for test in attack.tests:
                outcomes = evidence.of(RECORD["short"], test)
                assert outcomes, test
                assert not [one for one in outcomes if one["failed"] or one["skipped"]], test


def test_a_failure_would_stand_on_the_page() -> None:
    record = json.loads(json.dumps(RECORD))
    test = next(iter(record["short"]))
    record["short"][test]["failed"] = 1
    assert "FAILED" in render(record)
    assert "FAILED" not in render(RECORD)


def test_what_pytest_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "run.xml").write_text(
        '<testsuites><testsuite><testcase classname="tests.server.test_x" '
        'name="test_y[a]" time="1.5"><properties>'
        '<property name="kills" value="7"/></properties></testcase>'
        '<testcase classname="tests.server.test_x.TestZ" name="test_y[b]" time="1">'
        "<failure/></testcase>"
        "</testsuite></testsuites>",
        encoding="utf-8",
    )
    outcomes = evidence.read([tmp_path / "run.xml"])
    assert outcomes == {
        "server/test_x.py::test_y": {
            "cases": 2, "failed": 1, "skipped": 0, "seconds": 2.5, "found": {"kills": "7"},
        }
    }  # fmt: skip
    assert evidence.of(outcomes, "server/test_x.py") == list(outcomes.values())


@pytest.mark.slow
def test_the_tables_of_the_injector_are_those_that_are_worked_out_now() -> None:
    assert RECORD["targets"] == injector.targets()
    assert RECORD["shares"] == injector.shares()
    assert RECORD["openings"] == injector.openings()
    assert RECORD["places"] == injector.places()
