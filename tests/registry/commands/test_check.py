from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from headcount_registry.cli import main
from support.growth import is_linear
from support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from support.workbench import Bench

ABOUT = """\
headcount[homepage] = https://toymakers.org
headcount[recipient] = The toy makers
headcount[contact] = toys@toymakers.org
headcount[endpoint] = grpcs://telemetry.toymakers.org
"""
KEY = "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n"


def run(bench: Bench, *options: str) -> Result:
    return bench.run("check", str(bench.declarations), *options)


def test_what_is_in_order_has_status_0_and_writes_nothing(bench: Bench) -> None:
    bench.write("toy.info", ABOUT + KEY)
    result = run(bench)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "1 file, 1 project, 1 key: 0 errors, 0 warnings\n"
    assert [path.name for path in bench.root.rglob("*") if path.is_file()] == ["toy.info"]


def test_warnings_have_status_0_and_with_strict_1(bench: Bench) -> None:
    path = bench.write("toy.info", ABOUT + KEY + "telemetry[n][type] = text\n")
    result = run(bench)
    assert result.exit_code == 0
    assert f"{path}:7:1: warning: `n` is free text" in result.stdout
    assert result.stdout.endswith("1 file, 1 project, 2 keys: 0 errors, 1 warning\n")
    result = run(bench, "--strict")
    assert result.exit_code == 1
    assert f"{path}:7:1: error: `n` is free text" in result.stdout
    assert "`k` goes on for ever; write `telemetry[k][review] = YYYY-MM-DD`" in result.stdout


def test_errors_have_status_1_and_all_of_them_come_sorted_by_place(bench: Bench) -> None:
    bench.write("registry.lock", LOCK)
    bench.write("more.info", ABOUT + KEY.replace("boolean", "bool") + "# telemetry[x] = y\n")
    bench.write("a.info", "just text\n" + ABOUT)
    bench.write("toy.info", ABOUT + KEY.replace("[k]", "[size]"))
    result = run(bench)
    assert result.exit_code == 1
    lines = [line.removeprefix(f"{bench.declarations}/") for line in result.stdout.splitlines()]
    # The last is known from the lock alone.
    assert [line.rpartition(" ")[2] for line in lines[:-1]] == [
        "[project-unstated]",
        "[joined-text]",
        "[type]",
        "[hash-comment]",
        "[type-change]",
    ]
    assert lines[-1] == "3 files, 3 projects, 2 keys: 4 errors, 1 warning"


LOCK = """\
{"project": "toy", "number": 1, "key": "version", "type": "version"}
{"project": "toy", "number": 2, "key": "size", "type": "count"}
"""


def test_json_says_the_same_in_a_documented_form(bench: Bench) -> None:
    path = bench.write("toy.info", ABOUT + KEY + "telemetry[k][typo] = x\n")
    result = run(bench, "--format", "json", "--today", "2026-01-02")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "version": 1,
        "strict": False,
        "today": "2026-01-02",
        "files": 1,
        "projects": 1,
        "keys": 1,
        "errors": 1,
        "warnings": 0,
        "findings": [
            {
                "file": str(path),
                "line": 7,
                "column": 1,
                "severity": "error",
                "check": "unknown-attribute",
                "message": "there is no attribute `typo`; did you mean `type`?",
            }
        ],
    }
    text = (ROOT / "docs" / "maintainers" / "checks.md").read_text(encoding="utf-8")
    model = json.loads(result.stdout)
    assert all(f"`{name}`" in text for name in (*model, *model["findings"][0]))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "no-such-file"),
        ("check", ".", "--format", "xml"),
        ("check", ".", "--today", "tomorrow"),
    ],
)
def test_misuse_has_status_2(bench: Bench, arguments: tuple[str, ...]) -> None:
    result = bench.run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["expires", "review"])
def test_an_end_is_at_most_two_years_after_today(bench: Bench, name: str) -> None:
    bench.write("toy.info", ABOUT + KEY + f"telemetry[k][{name}] = 2026-06-30\n")
    assert "[distant-expiry]" not in run(bench, "--today", "2024-06-29").stdout
    assert "[distant-expiry]" in run(bench, "--today", "2024-06-28").stdout


@pytest.mark.parametrize("name", ["expires", "review"])
def test_a_day_that_has_passed_fails_a_scheduled_job_alone(bench: Bench, name: str) -> None:
    bench.write("toy.info", ABOUT + KEY + f"telemetry[k][{name}] = 2026-06-30\n")
    late = ("--today", "2031-01-01")
    assert run(bench, "--strict", *late).exit_code == 0
    result = run(bench, "--expiring", "0d", *late)
    assert (result.exit_code, "[expiring]" in result.stdout) == (1, True)
    assert bench.build().findings == ()


@pytest.mark.slow
def test_an_end_is_at_most_two_years_after_the_day_that_the_history_knows(bench: Bench) -> None:
    text = ABOUT + KEY + "telemetry[k][review] = 2029-06-30\n"
    bench.write("toy.info", text)
    release = ("release", str(bench.declarations), "--name")
    bench.build()
    assert bench.run(*release, "1.0", "--date", "2026-01-31").exit_code == 0
    told = run(bench, "--today", "2029-01-01")
    assert "2029-06-30 is more than two years after 2026-01-31, when it was set" in told.stdout
    bench.write("toy.info", text.replace("2029-06-30", "2029-07-01"))
    bench.build()
    assert bench.run(*release, "1.1", "--date", "2028-01-31").exit_code == 0
    assert "[distant-expiry]" not in run(bench, "--today", "2029-01-01").stdout
    until = ("--until", "2030-12-31", "--because", "Still open.", "--today", "2029-01-01")
    assert bench.run("renew", "k", str(bench.declarations), *until).exit_code == 0
    assert "[distant-expiry]" not in run(bench, "--today", "2027-01-01").stdout


def test_a_directory_that_declares_nothing_is_an_error(bench: Bench) -> None:
    bench.write("toy.info", "name = Toy\n")
    result = run(bench)
    assert result.exit_code == 1
    assert "no .info file here declares anything" in result.stderr


@pytest.mark.parametrize("ends", ["\r", "\r\r"])
def test_a_file_that_the_grammar_reads_nothing_of_is_not_passed_over(
    bench: Bench, ends: str
) -> None:
    bench.write("toy.info", (ABOUT + KEY).replace("\n", ends))
    for result in (run(bench), bench.run_build()):
        assert result.exit_code == 1
        assert "[carriage-return]" in result.output


def test_a_damaged_lock_is_an_error(bench: Bench) -> None:
    bench.write("toy.info", ABOUT + KEY)
    bench.write("registry.lock", "<<<<<<< HEAD\n")
    result = run(bench)
    assert result.exit_code == 1
    assert f"{bench.lock}:1: error: " in result.stderr


def test_what_a_declaration_says_does_not_steer_the_terminal(bench: Bench) -> None:
    bench.write("toy.info", ABOUT + KEY + "telemetry[\x1b[31mred\x1b][\udcff] = x\n" * 2)
    bench.write("b.info", "telemetry[\x1b]2;title\x07][type] = boolean\n")
    result = run(bench)
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\x07" not in result.output


def test_a_long_name_does_not_make_a_long_message(bench: Bench) -> None:
    bench.write("toy.info", ABOUT + KEY + f"telemetry[k][{'x' * 100_000}] = x\n")
    result = run(bench)
    assert result.exit_code == 1
    assert len(result.stdout) < 2000


def test_what_is_shipped_stands_the_strict_check() -> None:
    shipped = str(ROOT / "registry" / "declarations")
    result = CliRunner().invoke(main, ["check", "--strict", "--today", "2026-11-21", shipped])
    assert result.exit_code == 0, result.output


HOSTILE: dict[str, Callable[[int], str]] = {
    "a long value": lambda size: "telemetry[k][purpose] = " + "x " * (size // 2),
    "a long quoted value": lambda size: 'telemetry[k][purpose] = "' + "x " * (size // 2) + '"',
    "an unclosed quote before a long tail": lambda size: (
        'telemetry[k][purpose] = "x\n' + "tail = t\n" * (size // 9)
    ),
    "many lines": lambda size: KEY + "files[] = a file\n" * (size // 17),
    "a long name": lambda size: f"telemetry[{'x' * size}][type] = boolean",
    "a long attribute": lambda size: f"telemetry[k][{'type' * (size // 4)}] = boolean",
    "deep brackets": lambda size: f"telemetry[k]{'[a]' * (size // 3)} = x",
    "text without an end": lambda size: "just text\n" * (size // 10) + KEY,
    "values that stand twice": lambda size: (
        "telemetry[k][type] = list\n"
        + "".join(f"telemetry[k][values][] = v{n % (size // 60)}\n" for n in range(size // 30))
    ),
    "attributes that stand twice": lambda size: "".join(
        f"telemetry[k][aliases][a{n % (size // 60)}] = b\n" for n in range(size // 30)
    ),
    "aliases of nothing": lambda size: (
        "telemetry[k][type] = list\n"
        + "".join(f"telemetry[k][values][] = v{n}\n" for n in range(size // 60))
        + "".join(f"telemetry[k][aliases][a{n}] = w{n}\n" for n in range(size // 60))
    ),
    "many keys": lambda size: "".join(
        f"telemetry[some_key_{n}][type] = boolean\n" for n in range(size // 100)
    ),
    "lost lines": lambda size: "telemetry[a[b] = c\n" * (size // 19),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_of_many_times_the_length_takes_the_check_about_as_many_times_as_long(
    bench: Bench, name: str
) -> None:
    def check(text: str) -> None:
        bench.write("toy.info", ABOUT + text)
        result = run(bench)
        assert result.exit_code in {0, 1}
        assert result.exception is None or isinstance(result.exception, SystemExit)

    assert is_linear(HOSTILE[name], check)


def test_annotations_name_file_line_and_check_as_a_forge_reads_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench.write("a,b.info", "telemetry[k][type] = boolean\ntelemetry[k][labl] = 50 %\n")
    monkeypatch.chdir(bench.root)
    result = bench.run("check", str(path), "--format", "github")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert (
        "::error file=declarations/a%2Cb.info,line=2,col=1,title=headcount%3A unknown-attribute"
        "::there is no attribute `labl`; did you mean `label`?"
    ) in lines
    assert any(line.startswith("::warning file=declarations/a%2Cb.info,") for line in lines)
    assert lines[-1].startswith("::notice title=headcount::1 file, 1 project, 1 key: ")
    assert all(line.startswith("::") for line in lines)


ENDING = """\
telemetry[k][type] = boolean
telemetry[k][label] = Some words
telemetry[k][expires] = 2026-12-01
"""


@pytest.mark.parametrize(
    ("today", "days", "told"),
    [
        ("2026-09-01", "90d", ""),
        ("2026-09-01", "91d", "`k` of `toy` ends on 2026-12-01, in 91 d"),
        ("2026-11-30", "90d", "`k` of `toy` ends on 2026-12-01, in 1 d"),
        ("2026-12-01", "0d", "`k` of `toy` has ended on 2026-12-01"),
        ("2027-06-01", "90d", "`k` of `toy` has ended on 2026-12-01"),
    ],
)
def test_a_scheduled_job_learns_in_time_that_a_key_ends(
    bench: Bench, today: str, days: str, told: str
) -> None:
    path = bench.write("toy.info", ENDING)
    check = ("check", str(path), "--today", today)
    assert bench.run(*check).exit_code == 0  # no date is a time bomb for a change
    result = bench.run(*check, "--expiring", days)
    assert result.exit_code == bool(told)
    assert told in result.stdout
    assert ("[expiring]" in result.stdout) is bool(told)
    if told:
        assert f"{path}:3:25: error: " in result.stdout


@pytest.mark.parametrize("days", ["90", "3 months", "-1d", "1000000d"])
def test_a_time_that_is_no_number_of_days_is_misuse(bench: Bench, days: str) -> None:
    path = bench.write("toy.info", ENDING)
    result = bench.run("check", str(path), "--expiring", days)
    assert result.exit_code == 2
    assert "such as 90d" in result.stderr
