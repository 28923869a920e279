"""List what each wheel brings along, as a software bill of materials (CycloneDX).

Each wheel is installed by itself, at the locked versions and hashes, and the environment
is read. So the list has versions, licences and who needs whom.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from errors import ReleaseError

BIN = Path(sys.executable).parent
EXTRAS = {
    "headcount": "[grpc,oblivious]",
    "headcount_server": "[oblivious,postgresql]",
    "headcount_registry": "",
}
"""The extras that an installation may ask for, by the first part of the wheel's name."""


def write_all(folder: Path, locked: Path, moment: int) -> list[Path]:
    """Write `NAME-VERSION.cdx.json` beside each wheel of a folder; return the files.

    `locked` is the file of versions and hashes; `moment` is the time that the lists tell.
    Needs a package index. Raises ReleaseError.
    """
    wheels = sorted(folder.glob("*.whl"))
    return [_write(wheel, wheels, locked, moment) for wheel in wheels]


def _write(wheel: Path, wheels: list[Path], locked: Path, moment: int) -> Path:
    name, version = wheel.name.split("-")[:2]
    out = wheel.with_name(f"{name}-{version}.cdx.json")
    with tempfile.TemporaryDirectory() as place:
        python = Path(place) / "environment" / "bin" / "python"
        _run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, python.parents[1])
        ours = [
            f"{one}{EXTRAS[name] if one == wheel else ''}" for one in wheels if _needed(one, wheel)
        ]
        _run(
            BIN / "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            python,
            "--constraint",
            locked,
            *ours,
        )
        epoch = {"SOURCE_DATE_EPOCH": str(moment)}
        form = ("--output-reproducible", "--no-validate", "--of", "JSON", "-o", out)
        _run(BIN / "cyclonedx-py", "environment", *form, python, variables=epoch)
    return out


def _needed(one: Path, wheel: Path) -> bool:
    """Tell whether a wheel is what is listed, or the client, which all need."""
    return one == wheel or one.name.startswith("headcount-")


def _run(*command: str | Path, variables: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{Path(command[0]).name} {command[1]}: {done.stdout}{done.stderr}")
