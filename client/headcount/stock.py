"""Collectors that many hosts need.

```
class Acme(Collectors):
    def operating_system(self) -> str:
        return stock.operating_system()
```
"""

from __future__ import annotations

import sys

_MACHINES = {
    "amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64", "armv8l": "armv7l",
    "i386": "x86", "i486": "x86", "i586": "x86", "i686": "x86",
}  # fmt: skip
"""The spellings of a processor family, and the name that is reported for each."""


def release(distribution: str) -> str | None:
    """Return the version of an installed distribution, such as your own."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def python_version() -> str:
    """Return the version of Python, such as `3.11.2`; its key's precision cuts it."""
    return ".".join(map(str, sys.version_info[:3]))


def python_implementation() -> str:
    """Return the implementation of Python, such as `CPython` or `PyPy`."""
    from platform import python_implementation

    return python_implementation()


def operating_system() -> str | None:
    """Return the family of the system: `Linux`, `macOS`, `Windows`, `FreeBSD` and so on."""
    from platform import system

    return system().replace("Darwin", "macOS") or None


def architecture() -> str | None:
    """Return the family of the processor: `x86_64`, `aarch64`, `x86`, `armv7l` and so on."""
    from platform import machine

    name = machine().lower()
    return _MACHINES.get(name, name) or None


def plugins(group: str) -> list[str]:
    """Return the names of the distributions that have entry points in a group, sorted.

    A key with a catalogue reports only the names in the catalogue.
    """
    from importlib.metadata import entry_points

    named = {point.dist.name for point in entry_points(group=group) if point.dist is not None}
    return sorted(named)
