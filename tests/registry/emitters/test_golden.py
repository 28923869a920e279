"""Complete builds, input beside output.

`pytest tests/registry --update-golden` writes the output anew.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from headcount_registry.errors import DeclarationsError
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import build
from support.workbench import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

CASES = sorted(path.name for path in GOLDEN.iterdir() if (path / "declarations").is_dir())


def built(case: Path, place: Path) -> None:
    """Builds a case into `place`, from the lock of its last release if it has one."""
    lock = place / "registry.lock"
    if (case / "released.lock").exists():
        shutil.copy(case / "released.lock", lock)
    try:
        done = build([case / "declarations"], lock)
        findings = done.findings
        output.apply(output.plan(done.files, place, lock, done.lock), place)
    except DeclarationsError as error:
        findings = error.findings
    lines = "".join(f"{finding}\n" for finding in findings)
    (place / "findings.txt").write_text(lines.replace(f"{case}/", ""), encoding="utf-8")


def files(place: Path) -> dict[str, bytes]:
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("name", CASES)
def test_a_build_writes_exactly_what_is_expected(
    name: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    built(GOLDEN / name, tmp_path)
    expected = GOLDEN / name / "expected"
    if pytestconfig.getoption("--update-golden", default=False):
        shutil.rmtree(expected, ignore_errors=True)
        shutil.copytree(tmp_path, expected)
    found, wanted = files(tmp_path), files(expected)
    assert found.keys() == wanted.keys()
    for path, data in found.items():
        assert data == wanted[path], f"{path} differs; see --update-golden"
