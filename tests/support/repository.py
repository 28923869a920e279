"""The paths of the repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
REGISTRY = ROOT / "registry" / "generated" / "registry.binpb"
"""The registry that is shipped."""


def copy_checkout(place: Path) -> None:
    """Copy every file of the checkout that is committed, or would be, into a new folder."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    place.mkdir()
    for name in filter(None, done.stdout.split("\0")):
        if (ROOT / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
