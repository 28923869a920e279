"""The switches in the environment that turn everything off, whatever was decided.

They are read at every question and never written down.
"""

from __future__ import annotations

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
"""Variables that build services set."""

TESTS = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "TOX_ENV_NAME", "NOX_CURRENT_SESSION")
"""Variables that test runners set."""


def environment_off(environment: Mapping[str, str]) -> str:
    """The variable by which somebody said no, or `""`."""
    if environment.get("DO_NOT_TRACK", "").strip().lower() not in _NO:
        return "DO_NOT_TRACK"
    # A word that we do not know was meant to turn something off.
    if environment.get("HEADCOUNT_TELEMETRY", "").strip().lower() not in _ON:
        return "HEADCOUNT_TELEMETRY"
    return ""


def automated(environment: Mapping[str, str]) -> str:
    """The variable that shows a build service or a test run, or `""`."""
    for name in (*CI, *TESTS):
        if environment.get(name, "").strip().lower() not in _NO:
            return name
    return ""
