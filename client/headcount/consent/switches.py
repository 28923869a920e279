"""The switches that overrule every decision and turn everything off: a file and variables.

They are read each time, and never stored.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NO = frozenset({"", "0", "false", "no"})
_ON = frozenset({"", "on", "1", "true", "yes"})


CI = (
    "CI", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI",
    "APPVEYOR", "TRAVIS", "CIRCLECI", "CODEBUILD_BUILD_ID", "TEAMCITY_VERSION", "JB_SPACE_API_URL",
    "JENKINS_URL", "BUILDKITE", "DRONE", "BITBUCKET_BUILD_NUMBER", "SEMAPHORE", "CIRRUS_CI",
)  # fmt: skip
"""The variables that build services set."""

TESTS = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "TOX_ENV_NAME", "NOX_CURRENT_SESSION")
"""The variables that test runners set."""


def off_file(platform: str, environment: Mapping[str, str]) -> str:
    """Return the path of the file by which a machine's administrator turns everything off.

    `platform` is as in `sys.platform`. Nobody reads the content of the file.
    """
    if platform == "win32":
        return environment.get("PROGRAMDATA", r"C:\ProgramData") + r"\headcount\off"
    if platform == "darwin":
        return "/Library/Application Support/headcount/off"
    return "/etc/headcount/off"


OFF_FILE = off_file(sys.platform, os.environ)
"""The off file of this machine."""


def machine_off(file: str) -> bool:
    """Return whether a machine's off file exists; with `file` `""`, look for none."""
    if not file:
        return False
    try:
        os.lstat(file)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # not allowed to look: a switch that may be there counts
        return True
    return True


def environment_off(environment: Mapping[str, str]) -> str:
    """Return the variable by which somebody said no, `""` if there is none.

    An unknown value of HEADCOUNT_TELEMETRY counts as a no: hardly anybody means it as a yes.
    """
    if environment.get("DO_NOT_TRACK", "").strip().lower() not in _NO:
        return "DO_NOT_TRACK"
    if environment.get("HEADCOUNT_TELEMETRY", "").strip().lower() not in _ON:
        return "HEADCOUNT_TELEMETRY"
    return ""


def automated(environment: Mapping[str, str]) -> str:
    """Return the variable that reveals a build service or a test run, `""` if there is none."""
    for name in (*CI, *TESTS):
        if environment.get(name, "").strip().lower() not in _NO:
            return name
    return ""
