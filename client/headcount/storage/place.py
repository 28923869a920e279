"""Where programs keep state on each kind of system."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "headcount"
_NOWHERE = os.path.join(os.sep, "nonexistent")  # the home of accounts that have none


def state_directory(
    program: str,
    *,
    environment: Mapping[str, str] = os.environ,
    system: str = sys.platform,
) -> str:
    """Return the place for a program's state, below that of the present account.

    A service of systemd with `StateDirectory=` keeps it there. Else it is
    `~/.local/state` (or XDG_STATE_HOME), `~/Library/Application Support` on macOS and
    `%LOCALAPPDATA%` on Windows, and in it `<program>/headcount`. Makes nothing. An
    account without a home gets a place that cannot be made, so everything stays off.
    """
    service = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    if os.path.isabs(service):
        return os.path.join(service, _NAME)
    return os.path.join(_account(environment, system), program, _NAME)


def _account(environment: Mapping[str, str], system: str) -> str:
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        home = _NOWHERE
    if system == "win32":
        return environment.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    if system == "darwin":
        return os.path.join(home, "Library", "Application Support")
    given = environment.get("XDG_STATE_HOME", "")
    return given if os.path.isabs(given) else os.path.join(home, ".local", "state")
