"""Keys that another key replaces, while a host still answers them."""

from __future__ import annotations

import sys
import warnings

from headcount.model.sentence import Sentence
from headcount.reporting.host_methods import is_written, package

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headcount.model.project import Key, Project

_told: set[tuple[str, str]] = set()
"""The keys of which this process has warned, each with its project."""


def remedy(key: Key) -> Sentence:
    """Say which key replaces a key, and until when a host answers both."""
    return Sentence(
        "`{successor}` replaces it, and it is asked until {day}: answer both until that day, then "
        "drop this collector",
        successor=key.successor,
        day=key.expires,
    )


def warn(project: Project, collectors: object) -> None:
    """Warn once per process of each replaced key for which a host has written a collector.

    The DeprecationWarning names the line of the host that gave the collectors to the client.
    """
    for key in project.keys:
        name = (project.name, key.name)
        if key.successor and name not in _told and is_written(project, collectors, key.name):
            _told.add(name)
            text = f"the key `{key.name}` of {project.name} is deprecated: {remedy(key)}"
            warnings.warn(text, DeprecationWarning, stacklevel=_level_of_host(package(project)))


def _level_of_host(generated: str) -> int:
    """Return the `stacklevel` of the first frame outside of headcount and the generated package.

    Constructors call each other, and a host may have a subclass, so their number varies.
    """
    level = 1
    frame = sys._getframe(level)  # noqa: SLF001 - `warnings` itself finds frames so
    while frame.f_back and _is_ours(str(frame.f_globals.get("__name__")), generated):
        frame = frame.f_back
        level += 1
    return level


def _is_ours(module: str, generated: str) -> bool:
    return module.partition(".")[0] == "headcount" or module == generated
