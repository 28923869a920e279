"""The real buf over generated files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.repository import ROOT
from support.workbench import GOLDEN

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from support.workbench import Bench

BUF = Path(sys.executable).with_name("buf")
FIRST = """\
telemetry[flag][type] = boolean
telemetry[flag][label] = Flag
telemetry[server][type] = choice
telemetry[server][label] = Server
telemetry[server][values][] = Apache
telemetry[server][values][] = nginx
"""


def workspace(place: Path, generated: Path) -> Path:
    place.mkdir()
    shutil.copy(ROOT / "buf.yaml", place)
    shutil.copytree(ROOT / "proto", place / "proto")
    shutil.copytree(generated, place / "registry" / "generated")
    return place


def buf(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BUF, *arguments], cwd=place, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", ["every_type", "evolved", "shorthand"])
def test_generated_files_pass_the_linter(tmp_path: Path, case: str) -> None:
    place = workspace(tmp_path / "workspace", GOLDEN / case / "expected")
    result = buf(place, "lint")
    assert (result.returncode, result.stdout) == (0, "")


def released(bench: Bench, text: str, name: str) -> Path:
    bench.write("toy.info", text)
    bench.build()
    return workspace(bench.root / name, bench.out)


@pytest.mark.parametrize(
    "later",
    [
        FIRST + "telemetry[new][type] = version\ntelemetry[new][label] = New\n",
        FIRST.replace("[values][] = Apache\n", "[values][] = IIS\n"),
        "\n".join(line for line in FIRST.splitlines() if "[flag]" not in line),
        FIRST.replace("[flag]", "[banner]") + "telemetry[banner][formerly] = flag\n",
    ],
    ids=["add a key", "exchange a value", "retire a key", "rename a key"],
)
def test_evolution_through_the_lock_breaks_nothing(bench: Bench, later: str) -> None:
    old = released(bench, FIRST, "old")
    new = released(bench, later, "new")
    result = buf(new, "breaking", "--against", str(old))
    assert (result.returncode, result.stdout) == (0, "")


def test_a_number_changed_by_hand_is_seen(bench: Bench) -> None:
    old = released(bench, FIRST, "old")
    new = released(bench, FIRST, "new")
    report = new / "registry/generated/headcount/projects/toy/v1/report.proto"
    report.write_text(report.read_text().replace("Flag flag = 2;", "Flag flag = 9;"))
    result = buf(new, "breaking", "--against", str(old))
    assert result.returncode != 0
    assert 'field "2" with name "flag" on message "Report" was deleted' in result.stdout


def test_a_lost_lock_is_seen(bench: Bench) -> None:
    old = released(bench, FIRST, "old")
    bench.lock.unlink()
    new = released(bench, FIRST.replace("[flag]", "[zebra]"), "new")
    assert buf(new, "breaking", "--against", str(old)).returncode != 0


@pytest.mark.parametrize(
    ("without", "rule"),
    [
        ("telemetry[flag]", 'reserved range "[2]"'),
        ("telemetry[server][values][] = nginx", 'reserved range "[3]"'),
    ],
    ids=["a key", "a value"],
)
def test_bringing_something_back_is_the_one_thing_that_buf_refuses_and_diff_allows(
    bench: Bench, without: str, rule: str
) -> None:
    released(bench, FIRST, "first")
    later = "".join(line for line in FIRST.splitlines(keepends=True) if without not in line)
    old = released(bench, later, "old")
    new = released(bench, FIRST, "new")
    result = buf(new, "breaking", "--against", str(old))
    assert result.returncode != 0
    complaints = result.stdout.splitlines()
    assert any(rule in line for line in complaints)
    assert all("reserved" in line for line in complaints), "and nothing else is wrong"
    sets = (str(place / "registry/generated/registry.binpb") for place in (old, new))
    compared = bench.run("diff", *sets)
    assert compared.exit_code == 0
    assert "declared again" in compared.stdout or "values added: `nginx`" in compared.stdout


def test_a_number_of_a_retired_key_given_to_another_is_seen_by_buf_and_by_diff(
    bench: Bench,
) -> None:
    released(bench, FIRST, "first")
    later = "\n".join(line for line in FIRST.splitlines() if "[flag]" not in line) + "\n"
    old = released(bench, later, "old")
    bench.lock.unlink()
    other = "telemetry[aaa][type] = boolean\ntelemetry[aaa][label] = Some words\n"
    new = released(bench, later + other, "new")
    assert buf(new, "breaking", "--against", str(old)).returncode != 0
    sets = (str(place / "registry/generated/registry.binpb") for place in (old, new))
    result = bench.run("diff", *sets)
    assert result.exit_code == 1
    assert "number 2 was that of `flag`; restore registry.lock" in result.stdout
