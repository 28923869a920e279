"""The way to change an answer: a command that works as it is printed, or a file."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from shlex import join
from site import getusersitepackages
from sysconfig import get_path
from typing import TYPE_CHECKING

from headcount.delivery.background import interpreter
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from headcount.model.project import Project


def way_back(client: object, project: Project, state_directory: str, decision: str) -> str:
    """Return the command of the generated package, else the path of the decision.

    The package may have any place and name. It is the module that defines the client's
    class and has the client's project.
    """
    package = _package(client, project)
    root = package and _root(package)
    if not root:
        return Sentence("your answer is kept in {file}", file=decision)
    command = join([sys.executable, "-m", package, "--state", state_directory, "status"])
    return command if root in _usual() else f"cd {join([root])} && {command}"


def _package(client: object, project: Project) -> str:
    """Return the generated package of a client, `""` if there is none that can be run."""
    for kind in type(client).__mro__:
        module = sys.modules.get(kind.__module__)
        if getattr(module, "PROJECT", None) is project:
            try:
                return kind.__module__ if find_spec(f"{kind.__module__}.__main__") else ""
            except (ImportError, ValueError):
                return ""
    return ""


def _root(package: str) -> str:
    """Return the directory that holds a package, `""` in a frozen program or an archive."""
    file = getattr(sys.modules[package], "__file__", None)
    if not interpreter() or not file:
        return ""
    root = Path(file).absolute().parents[package.count(".") + 1]
    return str(root) if root.is_dir() else ""


def _usual() -> set[str]:
    """Return the directories in which Python looks for packages wherever it is started."""
    return {get_path("purelib"), get_path("platlib"), getusersitepackages()}
