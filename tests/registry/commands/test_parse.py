from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from headcount_registry.cli import main
from support.growth import is_linear
from support.repository import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.workbench import Bench

DATA = json.loads((TESTS / "registry" / "data" / "info_cases.json").read_text("utf-8"))
CASES = DATA["cases"]
LINE = "telemetry[key][values][] = value\n"
LONG: dict[str, Callable[[int], str]] = {
    "a long quoted value": lambda size: 'a = "' + "x" * size + '"\n',
    "an unclosed quote before a long tail": lambda size: (
        'a = "x\n' + "".join(f"tail{number} = t\n" for number in range(size // 14))
    ),
    "many lines": lambda size: LINE * (size // len(LINE)),
    "brackets of many levels": lambda size: "a" + "[a]" * (size // 3) + " = x\n",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_recorded_case_is_printed_as_backdrop_reads_it(
    tmp_path: Path, case: dict[str, Any]
) -> None:
    path = tmp_path / "case.info"
    path.write_bytes(case["input"].encode())
    options = ["--define", f"BACKDROP_VERSION={DATA['constants']['BACKDROP_VERSION']}"]
    if case.get("process_sections"):
        options.append("--sections")
    result = CliRunner().invoke(main, ["parse", str(path), *options])
    assert result.exit_code == 0
    assert json.dumps(json.loads(result.stdout)) == json.dumps(case["expected"])


def test_lists_objects_and_nothing_are_told_apart(bench: Bench) -> None:
    path = bench.write("a.info", "a[] = 1\na[] = TRUE\nb[x][5] = é\nc = NULL\n")
    assert bench.run("parse", str(path)).stdout == (
        "{\n"
        '  "a": [\n    "1",\n    true\n  ],\n'
        '  "b": {\n    "x": {\n      "5": "é"\n    }\n  },\n'
        '  "c": null\n'
        "}\n"
    )
    assert bench.run("parse", str(bench.write("b.info", "nothing"))).stdout == "{}\n"


def test_constants_are_those_that_are_defined(bench: Bench) -> None:
    path = bench.write("a.info", 'a = ONE\nb = "TWO"\nc = one\n')
    result = bench.run("parse", str(path), "--define", "ONE=1", "--define", "TWO=x=y")
    assert json.loads(result.stdout) == {"a": "1", "b": "x=y", "c": "one"}


def test_standard_input_is_read_for_a_dash() -> None:
    result = CliRunner().invoke(main, ["parse", "-"], input=b"a = \xff\n")
    assert result.stdout == '{\n  "a": "\\udcff"\n}\n'


@pytest.mark.parametrize(
    "arguments",
    [("parse",), ("parse", "no-such.info"), ("parse", "-", "--define", "=x"), ("parse", "a", "b")],
)
def test_misuse_has_status_2(bench: Bench, arguments: tuple[str, ...]) -> None:
    result = bench.run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_directory_cannot_be_read(bench: Bench) -> None:
    result = bench.run("parse", str(bench.root))
    assert result.exit_code == 1
    assert result.stderr == f"{bench.root}: cannot be read: Is a directory\n"


@pytest.mark.heavy
@pytest.mark.parametrize("name", LONG)
def test_what_is_long_takes_as_many_times_as_long_and_is_never_empty(
    bench: Bench, name: str
) -> None:
    def read(text: str) -> None:
        result = bench.run("parse", str(bench.write("a.info", text)))
        assert result.exit_code == 0
        assert len(result.stdout) > len(text) / 4

    assert is_linear(LONG[name], read)
