"""Packages of npm, as a lock file pins them, for the tests that are marked `index`."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from support.repository import ROOT, TESTS
from support.server_process import installed

LOCKED = TESTS / "backdrop" / "npm"
FOLDER = ROOT / ".cache" / "npm-backdrop"
LOCK = "package-lock.json"


def packages() -> Path:
    """Return the directory in which the packages are, installed now if need be.

    No script of a package is run.
    """
    done = FOLDER / ".installed"
    wanted = (LOCKED / LOCK).read_bytes()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers want them too
        if not done.exists() or done.read_bytes() != wanted:
            shutil.copytree(LOCKED, FOLDER, dirs_exist_ok=True)
            options = ("--ignore-scripts", "--no-audit", "--no-fund")
            subprocess.run([installed("npm"), "ci", *options], cwd=FOLDER, check=True, timeout=280)
            done.write_bytes(wanted)
    return FOLDER


def node() -> Path:
    """Return the Node that builds of PHP need, which is newer than Debian's."""
    (found,) = packages().glob("node_modules/node-linux-*/bin/node")
    return found
