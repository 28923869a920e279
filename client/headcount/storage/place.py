"""The place where programs keep state, on each kind of system."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "headcount"
_NOWHERE = os.path.join(os.sep, "nonexistent")  # the home of accounts without one


def state_directory(
    program: str,
    *,
    environment: Mapping[str, str] = os.environ,
    system: str = sys.platform,
) -> str:
    """Return the state directory of a program that runs under the present account.

    For a systemd service with `StateDirectory=`, it is `headcount` in that directory.
    Otherwise it is `<program>/headcount` in `~/.local/state` (or XDG_STATE_HOME), on
    macOS in `~/Library/Application Support`, on Windows in `%LOCALAPPDATA%`. This
    creates nothing. An account without a home gets a place that cannot be created, so
    everything stays off.
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
