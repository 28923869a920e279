"""List the licence of each distribution that an operator gets, and fail on one not agreed to.

python release/licences.py
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = {"headcount", "headcount-server", "headcount-registry"}
AGREED = {
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MIT-CMU"),
    *("PSF-2.0", "Python-2.0"),
    "Public Domain",
    *("LGPL-3.0-only", "LGPL-3.0-or-later"),  # psycopg, an extra that is linked and not changed
}
_WORDED = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2.0 AND BSD-2-Clause": "Apache-2.0",
    "Apache-2.0 OR BSD-3-Clause": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}
"""Licences in words of before there were expressions."""


def declared(folder: str, *extras: str) -> list[str]:
    """Return what the pyproject.toml of a folder asks for, with some of its extras."""
    text = (ROOT / folder / "pyproject.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["project"]
    optional = table.get("optional-dependencies", {})
    return [*table["dependencies"], *(one for extra in extras for one in optional[extra])]


def closure(requirements: Iterable[str]) -> set[str]:
    """Return all that requirements bring along here, by name.

    Of our own distributions it has only what their extras bring.
    """
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(requirement.name)
        if name in OURS:
            extras = [extra for extra in requirement.extras if name == "headcount"]
            waiting += map(Requirement, declared(".", *extras) if extras else [])
        elif name not in found or requirement.extras:
            found.add(name)
            waiting += [one for one in _wanted(name, requirement.extras) if one.name not in found]
    return found


def _wanted(name: str, extras: Iterable[str]) -> list[Requirement]:
    """Return what a distribution asks for here, with extras; the markers are decided."""
    asked = map(Requirement, distribution(name).requires or [])
    wanted = [
        one
        for one in asked
        if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
    for one in wanted:
        one.name, one.marker = canonicalize_name(one.name), None
    return wanted


def runtime() -> set[str]:
    """Return all that an operator gets, by name; hosts get a part of it."""
    server = declared("server", "oblivious", "pictures", "postgresql", "publish")
    return closure([*declared("."), *server, *declared("registry")])


def licence(one: Distribution) -> str:
    """Return the licence that a distribution states, as an SPDX expression if it can be told."""
    told = [*(one.metadata.get_all("License-Expression") or one.metadata.get_all("License") or ())]
    stated = told[0] if told else ""
    if not stated or "\n" in stated or len(stated) > 60:  # noqa: PLR2004 - a text, and no name
        classifiers = one.metadata.get_all("Classifier") or []
        named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License :: ")]
        stated = named[0] if named else stated
    return _WORDED.get(stated, stated)


def strangers(licences: dict[str, str]) -> dict[str, str]:
    """Return those of some licences, by name, that were not agreed to."""
    return {name: found for name, found in licences.items() if found not in AGREED}


def main() -> None:
    """Print the list; exit 1 if a licence was not agreed to."""
    known = {name: distribution(name) for name in sorted(runtime())}
    licences = {name: licence(one) for name, one in known.items()}
    for name, found in licences.items():
        print(f"{name:32} {known[name].version:12} {found}")
    if wrong := strangers(licences):
        sys.exit(f"error: not agreed to, in release/licences.py: {wrong}")


if __name__ == "__main__":
    main()
