"""The way back that is named after an answer works as it is printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.sample_project import Host

CLIENTS = ROOT / "registry" / "generated" / "clients"

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[2])
from {package} import Collectors, Telemetry
class Own(Telemetry):
    pass
client = Own(Collectors(), state_directory=sys.argv[1], environment={{}})
client.grant()
print(client.way_back())
"""


@pytest.mark.slow
@pytest.mark.parametrize("package", ["bee_telemetry", "editor.usage_counts"])
def test_the_command_is_one_that_exists_in_a_vendored_package_too(
    tmp_path: Path, package: str
) -> None:
    place = tmp_path / "a place" / package.replace(".", "/")
    shutil.copytree(CLIENTS / "bee_telemetry", place)
    state = tmp_path / "state of bee"
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(package=package), state, tmp_path / "a place"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    ).stdout.strip()
    assert f"-m {package}" in printed
    done = subprocess.run(  # noqa: S602 - typed as it is printed
        printed, shell=True, capture_output=True, text=True, check=False, cwd=os.sep
    )
    assert done.returncode == 0, done.stderr
    assert "Your answer" not in printed
    assert "yes to basic" in done.stdout


def test_without_such_a_package_the_file_is_named(host: Callable[..., Host]) -> None:
    site = host()
    assert site.client.way_back() == f"your answer is kept in {site.directory / 'sample.json'}"
