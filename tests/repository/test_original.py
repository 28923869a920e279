"""The original server of Backdrop beside ours: what is said without its trees, and what is told.

    make test T=tests/repository/test_original.py BACKDROP=/path BACKDROP_SERVER=/path

measures it in the short form too. Without the trees this file has no such test.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.repository import ROOT
from support.server_process import installed

BENCH = ROOT / "bench"
VARIABLES = CORE, SERVER = "BACKDROP", "BACKDROP_SERVER"
ENDPOINT = Path("project_telemetry", "project-telemetry-post.php")
TREES = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
FORMER = '{"machine": {}, "parts": {}}'

Load = Callable[[str], ModuleType]
Sample = Any
"""A `results.Result`; the suite's modules are known only where they are imported."""


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports a module of the suite as its programs do, where no tree is named."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCH))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(BENCH) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(name="suite")
def _suite(bench: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], int]:
    """The suite with only this part, beside the results of a former run."""
    run: ModuleType = bench("run")
    monkeypatch.setattr(run, "CACHE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["run.py", "--quick", "original"])
    (tmp_path / "benchmarks.json").write_text(FORMER, encoding="utf-8")
    main: Callable[[], int] = run.main
    return main


def program(file: Path, **named: str) -> subprocess.CompletedProcess[str]:
    """Run the part in its short form, with only these trees named."""
    environment = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    return subprocess.run(
        [sys.executable, BENCH / "original.py", "--quick", "--json", file],
        env=environment | named,
        capture_output=True,
        text=True,
        check=False,
    )


def tree(place: Path, file: Path) -> Path:
    """Make a tree that has only this file; return it."""
    (place / file).parent.mkdir(parents=True, exist_ok=True)
    (place / file).touch()
    return place


def cms(place: Path) -> Path:
    return tree(place, Path("core", "scripts", "install.sh"))


def test_without_a_tree_it_says_in_one_line_what_to_set_and_measures_nothing(
    tmp_path: Path,
) -> None:
    done = program(tmp_path / "result.json")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert all(name in line for name in VARIABLES)
    assert not (tmp_path / "result.json").exists()


def test_a_suite_without_a_tree_is_no_failure_and_keeps_the_former_figures(
    suite: Callable[[], int], tmp_path: Path
) -> None:
    assert suite() == 0
    assert (tmp_path / "benchmarks.json").read_text(encoding="utf-8") == FORMER


def test_a_suite_with_a_wrong_tree_fails_and_keeps_the_former_figures(
    suite: Callable[[], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(CORE, str(tmp_path))
    assert suite() == 1
    said = capfd.readouterr()
    assert "failed: original" in said.out
    assert "has no core/scripts/install.sh: name a tree of Backdrop CMS" in said.err
    assert (tmp_path / "benchmarks.json").read_text(encoding="utf-8") == FORMER


def test_a_missing_package_is_named_before_anything_is_installed(tmp_path: Path) -> None:
    core, project = cms(tmp_path / "cms"), tree(tmp_path / "project", ENDPOINT)
    (tmp_path / "openssl").symlink_to(installed("openssl"))
    named = {CORE: str(core), SERVER: str(project), "PATH": str(tmp_path)}
    done = program(tmp_path / "result.json", **named)
    assert done.stderr == "mariadbd is missing: install the Debian package mariadb-server\n"
    assert done.returncode == 1


def test_the_server_is_found_below_the_modules_of_a_tree_or_where_it_is_named(
    bench: Load, tmp_path: Path
) -> None:
    named = bench("backdrop").named
    core, project = cms(tmp_path / "cms"), tree(tmp_path / "project", ENDPOINT)
    assert named({}) is None
    assert named({CORE: str(core), SERVER: str(project)}) == (core, project)
    own = tree(core / "modules" / "contrib" / "project", ENDPOINT)
    assert named({CORE: str(core)}) == (core, own)


@pytest.mark.parametrize("named", [False, True])
def test_a_tree_without_the_server_is_told_with_the_remedy(
    bench: Load,
    tmp_path: Path,
    named: bool,  # noqa: FBT001 - a column of the table
) -> None:
    given = {CORE: str(cms(tmp_path))} | ({SERVER: str(tmp_path)} if named else {})
    with pytest.raises(SystemExit, match=f"has no {ENDPOINT}.*: name a tree of its Project module"):
        bench("backdrop").named(given)


@pytest.fixture(name="sample")
def _sample(bench: Load) -> Sample:
    """A result in which ours is five times as fast at a fifth of the processor time."""
    part = bench("original")
    result = bench("results").Result(command="python bench/original.py")
    for server, rate, spent, disk in (
        (part.ORIGINAL, 700, 1300, 6000),
        (part.OURS, 3500, 260, 30),
        (part.BEHIND, 3500, 260, 30),
    ):
        for way in part.WAYS.values():
            result.add(f"{server}, {way}", "reports/s", [rate, rate + 1, rate - 1])
            result.add(f"{server}, {way}, processor time", "µs", [spent, spent, spent])
            result.add(f"{server}, {way}, generator", "%", [40, 50, 60])
        result.add(f"{server}, {part.DISK}", "B", disk)
    part.judge(result)
    return result


def test_the_page_tells_the_ratios_beside_our_doors(bench: Load, sample: Sample) -> None:
    data = {"machine": {}, "parts": {"original": sample.as_json(), "doors": sample.as_json()}}
    text = bench("page").rendered(json.loads(json.dumps(data)))
    doors, section = text.split("## The original server of Backdrop\n")
    assert "## Every door\n" in doors
    section = section.partition("\n## ")[0]
    assert "stores a row for each key" in section
    for way in bench("original").WAYS.values():
        assert f"| headcount/original, {way}, processor time | 0.2 |" in section
        assert f"| original, {way} | 700 reports/s | 699–701 | 1,300 µs | 50 % |" in section
    assert "| headcount/original, a new TLS connection | 5 |" in section
    assert "| headcount/original, a new connection | 5 | ≥ 4 | kept |" in doors
    assert "| headcount behind nginx/original, a new TLS connection | 5 | ≥ 2 | kept |" in doors
    assert "| headcount/original, disk for a report | 0.005 |" in section


def test_rates_that_other_work_made_low_have_no_ratio_unless_the_generator_was_busy(
    bench: Load, sample: Sample
) -> None:
    part, series = bench("original"), bench("results").Series
    rates, spent = "headcount/original, a new TLS connection", ", processor time"
    assert sample.notes == []
    slow = "headcount, a new TLS connection"
    sample.series[slow] = series("reports/s", [1500, 1538, 3500])
    sample.budgets.clear()
    part.judge(sample)
    names = [budget.name for budget in sample.budgets]
    assert rates not in names
    assert {f"{rates}{spent}", "headcount/original, a new connection"} <= {*names}
    (note,) = sample.notes
    assert "With a new TLS connection, other work on the machine left headcount 40% of" in note
    sample.series[f"{slow}, generator"] = series("%", [89, 91, 95])
    sample.budgets.clear()
    part.judge(sample)
    assert rates in [budget.name for budget in sample.budgets]


if len(TREES) == len(VARIABLES):

    def test_the_original_is_installed_and_keeps_every_report(tmp_path: Path) -> None:
        done = program(tmp_path / "result.json", **TREES)
        assert done.returncode == 0, done.stdout + done.stderr
        result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
        assert result["series"].keys() >= {
            "original, a new connection, processor time",
            "original, a new TLS connection",
            "headcount, a new TLS connection",
            "headcount behind nginx, a new TLS connection",
        }
        named = {budget["name"] for budget in result["budgets"]}
        assert "headcount/original, a new TLS connection, processor time" in named
