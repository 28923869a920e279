"""The switches that turn everything off, whatever was decided: a file and the environment.

They are read at every question and never written down.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NO = frozenset({"", "0", "false", "no"})
_ON = frozenset({"", "on", "1", "true", "yes"})

if sys.platform == "win32":
    OFF_FILE = os.path.join(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "headcount", "off")
elif sys.platform == "darwin":
    OFF_FILE = "/Library/Application Support/headcount/off"
else:
    OFF_FILE = "/etc/headcount/off"
"""The file by which a machine's administrator turns everything off; what it holds is not read."""

CI = (
    "CI", "CONTINUOUS_INTEGRATION", "BUILD_NUMBER", "TF_BUILD", "GITHUB_ACTIONS", "GITLAB_CI",
    "APPVEYOR", "TRAVIS", "CIRCLECI", "CODEBUILD_BUILD_ID", "TEAMCITY_VERSION", "JB_SPACE_API_URL",
    "JENKINS_URL", "BUILDKITE", "DRONE", "BITBUCKET_BUILD_NUMBER", "SEMAPHORE", "CIRRUS_CI",
)  # fmt: skip
"""Variables that build services set."""

TESTS = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "TOX_ENV_NAME", "NOX_CURRENT_SESSION")
"""Variables that test runners set."""


def machine_off(file: str) -> bool:
    """Return whether a machine's off file is there; `file` is `""` to look for none."""
    if not file:
        return False
    try:
        os.lstat(file)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a place that we may not look into: it is a switch, so it counts
        return True
    return True


def environment_off(environment: Mapping[str, str]) -> str:
    """The variable by which somebody said no, or `""`.

    A value of HEADCOUNT_TELEMETRY that nobody understands was hardly meant as a yes.
    """
    if environment.get("DO_NOT_TRACK", "").strip().lower() not in _NO:
        return "DO_NOT_TRACK"
    if environment.get("HEADCOUNT_TELEMETRY", "").strip().lower() not in _ON:
        return "HEADCOUNT_TELEMETRY"
    return ""


def automated(environment: Mapping[str, str]) -> str:
    """The variable that shows a build service or a test run, or `""`."""
    for name in (*CI, *TESTS):
        if environment.get(name, "").strip().lower() not in _NO:
            return name
    return ""
