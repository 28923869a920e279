"""The run: what it asks, what it makes of the answers, and how it tells."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from headcount_registry.cli import main
from headcount_registry.conformance import vectors
from headcount_registry.conformance.comparison import differences

if TYPE_CHECKING:
    from click.testing import Result

CASES = len(vectors.load("tokens").cases)
PROGRAM = """
import hashlib, hmac, json, sys
for line in sys.stdin:
    question = json.loads(line)
    given = question.get("given", {{}})
    if question["do"] == "hello":
        told = {{"protocol": 1, "client": "a test", "does": {does}}}
    else:
        text = f"{{given['project']}}:{{given['week']}}".encode()
        token = hmac.digest(bytes.fromhex(given["secret"]), text, "sha256")[:16].hex()
        told = {{"id": question["id"], "answer": {{"token": token, "more": "is free"}}}}
        {twist}
    print(json.dumps(told), flush=True)
"""

Run = Callable[..., "Result"]


@pytest.fixture(name="run")
def _run(tmp_path: Path) -> Run:
    def run(*options: str, twist: str = "pass", does: tuple[str, ...] = ("token",)) -> Result:
        program = tmp_path / "program.py"
        program.write_text(PROGRAM.format(twist=twist, does=list(does)), encoding="utf-8")
        command = ("conformance", *options, "--", sys.executable, str(program))
        return CliRunner().invoke(main, command)

    return run


def test_a_client_that_is_right_in_all_that_it_claims_passes(run: Run) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert f"  tokens      {CASES} passed\n" in result.output
    assert f"\n{CASES} passed, 0 failed, " in result.output


@pytest.mark.slow
def test_what_was_not_tried_is_named_and_fails_if_everything_is_wanted(run: Run) -> None:
    weeks = [case.do for case in vectors.load("weeks").cases]
    assert f"{weeks.count('week_named')} not tried (week_named: not claimed)" in run().output
    assert run("--all").exit_code == 1
    assert run("--all", "--only", "tokens").exit_code == 0


def test_a_wrong_answer_is_named_with_its_reason_and_its_place(run: Run) -> None:
    twist = 'if question["id"] == "tokens/zeros": told["answer"]["token"] = "00"'
    result = run(twist=twist)
    assert result.exit_code == 1
    assert "FAILED tokens/zeros\n  why: A secret is bytes: zeros do not end it.\n" in result.output
    assert "  answer.token: expected " in result.output
    assert f"{CASES - 1} passed, 1 failed" in result.output


def test_the_result_can_be_read_by_programs(run: Run) -> None:
    twist = 'if question["id"] == "tokens/zeros": told = {"id": question["id"], "error": "no"}'
    told = json.loads(run("--format", "json", "--only", "tokens", twist=twist).stdout)
    assert (told["client"], told["sound"]) == ("a test", False)
    assert told["passed"] == {"tokens": CASES - 1}
    assert [(each["id"], each["differences"]) for each in told["failed"]] == [
        ("tokens/zeros", ["error: no"])
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("twist", "trouble"),
    [
        ("sys.exit(7)", "the program ended with status 7"),
        ("told = 3", "is no JSON object: 3"),
        ("print('debugging')", "is no JSON object: debugging"),
        ("import time; time.sleep(60)", "did not answer within 1 s"),
        ("told['id'] = 'tokens/other'", "was asked tokens/plain and answered 'tokens/other'"),
    ],
)
def test_a_program_that_breaks_off_fails_and_the_rest_was_not_tried(
    run: Run, twist: str, trouble: str
) -> None:
    result = run("--only", "tokens", "--seconds", "1", twist=twist)
    assert result.exit_code == 1
    assert trouble in result.output
    assert f"{CASES - 1} not tried (token: the program broke off)" in result.output


def test_a_client_that_claims_nothing_has_proven_nothing(run: Run) -> None:
    assert run(does=()).exit_code == 1


@pytest.mark.parametrize(
    ("program", "trouble"),
    [
        ("print('{}')", "the program must answer hello with"),
        ('print(\'{"protocol": 2, "client": "x", "does": []}\')', "must answer hello with"),
        ('print(\'{"protocol": 1, "client": "x", "does": "all"}\')', "must be a list"),
        ("raise SystemExit(3)", "the program ended with status 3"),
    ],
)
def test_a_program_that_introduces_itself_wrongly_is_told_how(program: str, trouble: str) -> None:
    result = CliRunner().invoke(main, ["conformance", "--", sys.executable, "-c", program])
    assert result.exit_code == 1
    assert trouble in result.output


def test_misuse_is_told_from_failure() -> None:
    for arguments, remedy in (
        (["conformance"], "name the program to run"),
        (["conformance", "--onyl", "weeks", "--", "true"], "No such option"),
        (["conformance", "--only", "months", "--", "true"], "there are ages, answers, consent"),
    ):
        result = CliRunner().invoke(main, arguments)
        assert (result.exit_code, remedy in result.output) == (2, True), result.output
    missing = CliRunner().invoke(main, ["conformance", "--", "/no/such/program"])
    assert missing.exit_code == 1
    assert "/no/such/program: cannot be started: No such file" in missing.output


def test_the_cases_can_be_taken_to_where_they_are_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["conformance", "--copy", str(tmp_path / "vectors")])
    assert result.exit_code == 0, result.output
    copied = {file.name: file.read_bytes() for file in (tmp_path / "vectors").iterdir()}
    assert copied == {file.name: file.read_bytes() for file in vectors.FOLDER.iterdir()}


def test_cases_are_not_copied_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "weeks.json").write_text("mine", encoding="utf-8")
    refused = CliRunner().invoke(main, ["conformance", "--copy", str(tmp_path)])
    assert (refused.exit_code, "name a directory that does not" in refused.output) == (2, True)
    assert (tmp_path / "weeks.json").read_text(encoding="utf-8") == "mine"
    beyond = CliRunner().invoke(main, ["conformance", "--copy", "/proc/vectors"])
    assert beyond.exit_code == 1
    assert "/proc/vectors: cannot be written: " in beyond.output


@pytest.mark.parametrize(
    ("expected", "got", "told"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        (None, None, []),
        (10, 10.0005, []),
        (10, 10.002, ["answer: expected 10, got 10.002"]),
        (True, 1, ["answer: expected true, got 1"]),
        (1, True, ["answer: expected 1, got true"]),
        ("1", 1, ['answer: expected "1", got 1']),
        (None, {}, ["answer: expected null, got {}"]),
        ([1, 2], [1], ["answer: expected [1, 2], got [1]"]),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, ['answer.a[0].b: expected "x", got "y"']),
        ({"a": None}, {}, ["answer.a: expected null, and it is missing"]),
    ],
)
def test_an_answer_differs_where_it_says_something_else(
    expected: object, got: object, told: list[str]
) -> None:
    assert list(differences(expected, got)) == told
