"""Policies: checks that somebody else wrote, with the registry as their subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from support.workbench import Bench

EXAMPLE = ROOT / "examples" / "policies"
KEY = """\
telemetry[k][type] = boolean
telemetry[k][label] = Some words
telemetry[k][description] = Some more.
telemetry[k][purpose] = Decide something.
telemetry[k][issue] = https://toymakers.org/1
"""
HEAD = "from headcount_registry.checks.policies import Location, Severity, policy\n"
OWNER = """
@policy("owner-stated"{severity})
def owner_stated(registry):
    for project in registry.projects:
        for key in project.keys:
            if key.name != "version" and not key.owner:
                yield key.location, f"`{{key.name}}` of `{{project.name}}` has no owner"
"""


@pytest.fixture(name="policies")
def _policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder


def run(bench: Bench, folder: Path, *options: str) -> Result:
    return bench.run("check", str(bench.declarations), "--policies", str(folder), *options)


def test_a_policy_has_its_place_in_the_findings(bench: Bench, policies: Path) -> None:
    path = bench.write("toy.info", KEY, whole=True)
    (policies / "own.py").write_text(HEAD + OWNER.format(severity=""))
    result = run(bench, policies)
    assert result.exit_code == 1
    told = f"{path}:1:1: error: `k` of `toy` has no owner [owner-stated]\n"
    assert told in result.stdout
    bench.write("toy.info", KEY + "telemetry[k][owner] = Ann\n")
    assert run(bench, policies).exit_code == 0


def test_a_policy_may_warn_and_strict_makes_it_an_error(bench: Bench, policies: Path) -> None:
    bench.write("toy.info", KEY, whole=True)
    (policies / "own.py").write_text(HEAD + OWNER.format(severity=", Severity.WARNING"))
    result = run(bench, policies)
    assert (result.exit_code, "warning: `k`" in result.stdout) == (0, True)
    assert run(bench, policies, "--strict").exit_code == 1


def test_a_policy_sees_what_has_no_errors_and_the_rest_is_told_too(
    bench: Bench, policies: Path
) -> None:
    bench.write("toy.info", KEY + "telemetry[wrong][type] = colour\n", whole=True)
    (policies / "own.py").write_text(HEAD + OWNER.format(severity=""))
    out = run(bench, policies).stdout
    assert "`k` of `toy` has no owner" in out
    assert "`wrong` of `toy`" not in out
    assert "there is no type `colour`" in out


@pytest.mark.slow
def test_policies_of_one_run_are_no_policies_of_the_next(bench: Bench, policies: Path) -> None:
    bench.write("toy.info", KEY, whole=True)
    (policies / "own.py").write_text(HEAD + OWNER.format(severity=""))
    assert run(bench, policies).exit_code == run(bench, policies).exit_code == 1
    assert bench.run("check", str(bench.declarations)).exit_code == 0
    assert bench.run_build().exit_code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no .py file here has a policy"),
        ("import nothing_of_this_name\n", "own.py:1: ModuleNotFoundError"),
        ("x = 1\ndef f(:\n", "own.py:2: SyntaxError"),
        ("import sys\nsys.exit(7)\n", "own.py:2: SystemExit"),
        (HEAD + "@policy('a')\ndef f(registry):\n    yield 1 / 0\n", "own.py:4: ZeroDivisionError"),
        (HEAD + "@policy('a')\ndef f(registry):\n    pass\n", "own.py:2: TypeError"),
        (HEAD + "@policy('a')\ndef f(registry):\n    yield 'k', 'bad'\n", "has a Location first"),
        (HEAD + "@policy('a b')\ndef f(registry):\n    yield\n", "`a b` is no name for a policy"),
        (HEAD + "@policy('type')\ndef f(registry):\n    yield\n", "a check `type` already"),
        (HEAD + 2 * "@policy('a')\ndef f(registry):\n    yield\n", "a check `a` already"),
    ],
)
def test_a_policy_that_fails_is_named_with_its_line_and_never_a_traceback(
    bench: Bench, policies: Path, text: str, told: str
) -> None:
    bench.write("toy.info", KEY, whole=True)
    (policies / "own.py").write_text(text)
    (policies / "_helpers.py").write_text("raise AssertionError\n")
    result = run(bench, policies)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_the_example_judges_declarations(bench: Bench) -> None:
    """Extended keys that end, and typed ones, have its approval."""
    lasting = KEY + "telemetry[k][level] = extended\n"
    bench.write("toy.info", lasting + "telemetry[words] = Free words\n")
    out = run(bench, EXAMPLE).stdout
    assert "[extended-ends]" in out
    assert "[no-free-text]" in out
    bench.write("toy.info", lasting + "telemetry[k][expires] = 2099-01-01\n")
    assert "[extended-ends]" not in run(bench, EXAMPLE).stdout
    many = "".join(
        f"telemetry[k{n}{w}][type] = boolean\ntelemetry[k{n}{w}][label] = A label\n"
        for n in "abcdefg"
        for w in ("pine", "oak", "elm", "fir", "ash", "yew", "lime", "plum")
    )
    bench.write("toy.info", many)
    assert "[short-questionnaire]" in run(bench, EXAMPLE).stdout
