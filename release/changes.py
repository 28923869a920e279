"""The changelog of a release."""

from __future__ import annotations

import re
from datetime import date

from errors import ReleaseError
from packaging.version import Version

UNRELEASED = "## [Unreleased]"


def dated(changelog: str, version: Version, day: date) -> str:
    """Return a changelog whose unreleased entries are those of a version and a day.

    Raises ReleaseError if there are none.
    """
    head, mark, rest = changelog.partition(f"{UNRELEASED}\n")
    if not mark:
        raise ReleaseError(f"CHANGELOG.md has no line `{UNRELEASED}`")
    entries, following, older = rest.partition("\n## [")
    if not re.search(r"^- ", entries, re.MULTILINE):
        raise ReleaseError("CHANGELOG.md lists no unreleased change; a release has at least one")
    return f"{head}{mark}\n## [{version}] - {day.isoformat()}\n{entries}{following}{older}"


def entries(changelog: str, version: Version) -> str:
    """Return what a changelog says of a version, without its heading."""
    heading = re.compile(rf"^## \[{re.escape(str(version))}\] - .*\n", re.MULTILINE)
    return heading.split(changelog)[1].partition("\n## [")[0].strip()
