"""What comes along with headcount: pinned, hashed, wanted by somebody, and free to be used.

Whether a known weakness is in one of them is asked of an advisory service by
`make audit`, since that needs the network; no test does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution, distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.repository import ROOT

LOCKS = ("constraints.txt", "proto/constraints.txt")
OURS = {"headcount", "headcount-server", "headcount-registry"}
LICENCES = {
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Python-2.0"),
    "Public Domain",
    *("LGPL-3.0-only", "LGPL-3.0-or-later"),  # psycopg, an extra that is linked and not changed
}
WORDED = {
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

Pins = dict[str, tuple[str, list[str]]]


def pins(lock: str) -> Pins:
    """Version and hashes of each requirement of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    found: Pins = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement = Requirement(line.split("--hash")[0].strip())
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        hashes = re.findall(r"--hash=(\S+)", line)
        found[canonicalize_name(requirement.name)] = (specifier.version, hashes)
    return found


def declared(folder: str, *extras: str) -> list[str]:
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))
    table = project["project"]
    optional = table.get("optional-dependencies", {})
    wanted: list[str] = [*table["dependencies"]]
    for extra in extras:
        wanted += optional[extra]
    return wanted


def closure(requirements: Iterable[str]) -> set[str]:
    """Everything that these bring along here, by name; of ours, only what their extras bring."""
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
            continue
        more = distribution(name).requires or []
        wanted = [
            one
            for one in map(Requirement, more)
            if not one.marker
            or any(one.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras))
        ]
        for one in wanted:
            one.marker = None
        if name not in found or requirement.extras:
            found.add(name)
            waiting += [one for one in wanted if canonicalize_name(one.name) not in found]
    return found


RUNTIME = closure(
    [*declared("."), *declared("server", "postgresql", "publish"), *declared("registry")]
)
"""What an operator gets; hosts get a part of it."""


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_to_one_version_and_its_hashes(lock: str) -> None:
    found = pins(lock)
    assert len(found) > 3
    assert not [name for name, (_, hashes) in found.items() if not hashes]
    weak = [h for _, hashes in found.values() for h in hashes if not h.startswith("sha256:")]
    assert weak == []


def test_the_lock_holds_everything_that_is_needed_and_nothing_that_nobody_wants() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = RUNTIME | closure(groups["dependency-groups"]["dev"])
    locked = pins("constraints.txt")
    assert wanted <= set(locked)
    # Other systems and Pythons need some more, each said by the lock to be theirs.
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    surplus = set(locked) - wanted
    assert not [name for name in surplus if not re.search(rf"^{name}==\S+ ; ", text, re.MULTILINE)]


def test_what_runs_here_is_what_is_locked() -> None:
    locked = pins("constraints.txt")
    here = {str(canonicalize_name(one.name)): one.version for one in distributions()}
    other = {
        n: (here[n], locked[n][0]) for n in RUNTIME if Version(here[n]) != Version(locked[n][0])
    }
    assert other == {}


def licence(one: Distribution) -> str:
    """The licence that a distribution states, as an SPDX expression where it can be told."""
    told = [*(one.metadata.get_all("License-Expression") or one.metadata.get_all("License") or ())]
    stated = told[0] if told else ""
    if not stated or "\n" in stated or len(stated) > 60:
        classifiers = one.metadata.get_all("Classifier") or []
        named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License :: ")]
        stated = named[0] if named else stated
    return WORDED.get(stated, stated)


def test_every_licence_of_what_an_operator_gets_is_one_of_those_that_were_agreed_to() -> None:
    licences = {name: licence(distribution(name)) for name in sorted(RUNTIME)}
    assert {name: found for name, found in licences.items() if found not in LICENCES} == {}
    copyleft = {name for name, found in licences.items() if found.startswith("LGPL")}
    bare = closure([*declared("."), *declared("server"), *declared("registry")])
    assert copyleft.isdisjoint(bare), "only extras may be under a copyleft"


def test_a_host_gets_protobuf_alone_and_grpcio_only_if_it_asks_for_it() -> None:
    assert closure(declared(".")) == {"protobuf"}
    assert closure(declared(".", "grpc")) == {"grpcio", "protobuf", "typing-extensions"}


def test_the_server_asks_for_the_clients_grpc_since_its_demo_sends_that_way() -> None:
    assert "headcount[grpc]>=0.1,<0.2" in declared("server")
