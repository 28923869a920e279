"""Packages of npm, as a lock file pins them, for the tests that are marked `index`."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from support.repository import ROOT, TESTS
from support.server_process import installed

BACKDROP = TESTS / "backdrop" / "npm"
"""Folder of the lock file of builds of PHP."""
PAGES = TESTS / "server" / "npm"
"""Folder of the lock file of the validator of HTML."""
LOCK = "package-lock.json"


def packages(locked: Path) -> Path:
    """Return the directory in which the packages of a lock file are, installed now if need be.

    No script of a package is run.
    """
    folder = ROOT / ".cache" / f"npm-{locked.parent.name}"
    done = folder / ".installed"
    wanted = (locked / LOCK).read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers want them too
        if not done.exists() or done.read_bytes() != wanted:
            shutil.copytree(locked, folder, dirs_exist_ok=True)
            options = ("--ignore-scripts", "--no-audit", "--no-fund")
            subprocess.run([installed("npm"), "ci", *options], cwd=folder, check=True, timeout=280)
            done.write_bytes(wanted)
    return folder


def node() -> Path:
    """Return the Node that builds of PHP need, which is newer than Debian's."""
    (found,) = packages(BACKDROP).glob("node_modules/node-linux-*/bin/node")
    return found
