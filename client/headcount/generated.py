"""What generated packages import: this module and no other, so that all others may move.

A host ships its generated package, so this surface outlives every file behind it.
"""

from __future__ import annotations

from headcount import __version__
from headcount.client import Client
from headcount.model.project import Key, Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headcount.options import ClientOptions as ClientOptions  # noqa: PLC0414 - is passed on

__all__ = ["Client", "Key", "Project", "requires", "run"]


def requires(package: str, at_least: str, below: str) -> None:
    """Refuse a package that was generated for other versions of headcount.

    `at_least` and `below` name releases such as `0.1`. Raises ImportError, which
    names the remedy.
    """
    if not _release(at_least) <= _release(__version__) < _release(below):
        raise ImportError(
            f"{package} was generated for headcount >={at_least},<{below}, and this is"
            f" {__version__}: install 'headcount>={at_least},<{below}', or generate the package"
            " anew with `headcount-registry build`",
            name=package,
        )


def run(project: Project, package: str = "") -> int:
    """Carry out `python -m <package>`, and return the exit code.

    `package` is the name under which the host has it, its own if there is none.
    """
    from headcount.cli.main import run

    return run(project, package=package)


def _release(version: str) -> tuple[int, ...]:
    """Return major and minor of a version, whatever follows them."""
    major, minor = version.split(".")[:2]
    return int(major), int("".join(digit for digit in minor if digit.isdigit()) or 0)
