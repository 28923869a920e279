"""Which version a release may have."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

from errors import ReleaseError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

_FORM = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_ASSIGNED = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
OURS = {"headcount", "headcount-server", "headcount-registry"}


def checked(text: str, released: Iterable[str], current: str) -> Version:
    """Return the version that a text names, if it may follow the tags of former releases.

    The first release has the version of the tree, `current`. A later one is the next patch,
    minor or major after the newest. Raises ReleaseError.
    """
    if not _FORM.fullmatch(text):
        raise ReleaseError(f"{text or 'no version'}: give VERSION=MAJOR.MINOR.PATCH, such as 0.1.0")
    version = Version(text)
    out = sorted(Version(tag.removeprefix("v")) for tag in released)
    if version in out:
        raise ReleaseError(f"{text} is released already; the newest is {out[-1]}")
    allowed = _next(out[-1]) if out else (Version(current),)
    if version not in allowed:
        listed = " or ".join(map(str, allowed))
        raise ReleaseError(f"{text} cannot be the next release; give VERSION={listed}")
    return version


def _next(newest: Version) -> tuple[Version, ...]:
    major, minor, patch = newest.release
    numbers = ((major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0))
    return tuple(Version(".".join(map(str, number))) for number in numbers)


def current(module: str) -> str:
    """Return the version that the text of a module assigns."""
    found = _ASSIGNED.findall(module)
    if len(found) != 1:
        raise ReleaseError('client/headcount/__init__.py has no one line `__version__ = "..."`')
    return str(found[0])


def raised(module: str, version: Version) -> str:
    """Return the text of a module with another version."""
    return _ASSIGNED.sub(f'__version__ = "{version}"', module)


def check_own_requirements(name: str, project: str, version: Version) -> None:
    """Raise ReleaseError if a pyproject.toml asks for one of ours in a range without `version`."""
    asked = tomllib.loads(project)["project"].get("dependencies", [])
    for requirement in map(Requirement, asked):
        ours = canonicalize_name(requirement.name) in OURS
        if ours and not requirement.specifier.contains(version):
            raise ReleaseError(f"{name} asks for {requirement}, which leaves out {version}")
