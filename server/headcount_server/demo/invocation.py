"""How a person calls this program again, from the shell that started it."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

PROGRAM = "headcount-server"


def invocation(started: str, prefix: Path, environment: Mapping[str, str]) -> str:
    """Return the beginning of a command line that works in the shell of the person.

    `started` is the path by which the program was started, `prefix` the environment of
    Python that it runs in.
    """
    path = environment.get("PATH", "")
    found = shutil.which(PROGRAM, path=path)
    passing = found is not None and _is_passing(Path(found), prefix, environment)
    if found is not None and not passing:
        return PROGRAM
    if passing and shutil.which("uvx", path=path):
        return f"uvx {PROGRAM}"
    if (passing or (prefix / "pipx_metadata.json").exists()) and shutil.which("pipx", path=path):
        return f"pipx run {PROGRAM}"
    return shlex.quote(started)


def _is_passing(found: Path, prefix: Path, environment: Mapping[str, str]) -> bool:
    """Tell whether uv put this environment on the PATH of this process, and of no other."""
    activated = environment.get("VIRTUAL_ENV") == str(prefix)
    return "UV" in environment and found.is_relative_to(prefix) and not activated
