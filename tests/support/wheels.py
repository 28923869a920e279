"""The files that would be published: source archives of the checkout, and wheels of those."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from support.repository import ROOT

FOLDERS = (ROOT, ROOT / "registry", ROOT / "server")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
ALONE = ("--no-index", "--no-deps")
_OURS = re.compile(r"(_editable_impl_)?headcount(_|-|\.|$)")


def build(place: Path) -> Path:
    """Return a new folder in a place, with an archive and a wheel of each distribution."""
    archives = place / "archives"
    archives.mkdir()
    for folder in FOLDERS:
        hatchling = (sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", archives)
        call(*hatchling, cwd=folder)
    wheel = ("wheel", *ALONE, "--no-build-isolation", "--wheel-dir", archives)
    call(*PIP, *wheel, *archives.glob("*.tar.gz"), cwd=place)
    return archives


def environment(place: Path, *wheels: Path) -> Path:
    """Return the programs of a new environment with wheels of ours, and all else as it is here."""
    call(sys.executable, "-m", "venv", "--without-pip", place / "venv", cwd=place)
    others = place / "others"
    others.mkdir()
    for one in Path(sysconfig.get_path("purelib")).iterdir():
        if not _OURS.match(one.name):
            (others / one.name).symlink_to(one)
    paths = {"base": str(place / "venv"), "platbase": str(place / "venv")}
    packages = Path(sysconfig.get_path("purelib", vars=paths))
    (packages / "others.pth").write_text(f"{others}\n", encoding="utf-8")
    programs = place / "venv" / "bin"
    call(*PIP, "--python", programs / "python", "install", *ALONE, *wheels, cwd=place)
    return programs


def call(*command: str | Path, cwd: Path) -> None:
    """Run a program that has to succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
