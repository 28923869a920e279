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
    found = shutil.which(PROGRAM, path=environment.get("PATH"))
    if found is not None and not _only_here(Path(found), prefix, environment):
        return PROGRAM
    if found is not None:
        return f"uvx {PROGRAM}"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx run {PROGRAM}"
    return shlex.quote(started)


def _only_here(found: Path, prefix: Path, environment: Mapping[str, str]) -> bool:
    """Tell whether uvx put a passing environment on this process's PATH, and on no other's."""
    activated = environment.get("VIRTUAL_ENV") == str(prefix)
    return "UV" in environment and found.is_relative_to(prefix) and not activated
