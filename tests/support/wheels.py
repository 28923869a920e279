"""The files that would be published: source archives of the checkout, and wheels of those."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.repository import ROOT

FOLDERS = (ROOT, ROOT / "registry", ROOT / "server")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
ALONE = ("--no-index", "--no-deps")


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


def call(*command: str | Path, cwd: Path) -> None:
    """Run a program that has to succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
