"""What comes along with headcount: pinned, hashed, wanted by somebody, and free to be used.

Whether a known weakness is in one of them is asked of an advisory service by
`make audit`, since that needs the network; no test does.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution, distributions

import licences
import pytest
from licences import closure, declared, licence, runtime, strangers
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.repository import ROOT

LOCKS = ("constraints.txt", "proto/constraints.txt", "docs/operators/deploy/constraints.txt")
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


RUNTIME = runtime()


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_to_one_version_and_its_hashes(lock: str) -> None:
    found = pins(lock)
    assert len(found) > 3
    assert not [name for name, (_, hashes) in found.items() if not hashes]
    weak = [h for _, hashes in found.values() for h in hashes if not h.startswith("sha256:")]
    assert weak == []


@pytest.mark.slow
def test_the_lock_holds_everything_that_is_needed_and_nothing_that_nobody_wants() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = RUNTIME | closure(groups["dependency-groups"]["dev"])
    locked = pins("constraints.txt")
    assert wanted <= set(locked)
    # Other systems and Pythons need some more, each said by the lock to be theirs.
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    surplus = set(locked) - wanted
    assert not [name for name in surplus if not re.search(rf"^{name}==\S+ ; ", text, re.MULTILINE)]


def test_the_image_gets_what_is_locked_for_the_server_and_nothing_else() -> None:
    everything, server = pins("constraints.txt"), pins("docs/operators/deploy/constraints.txt")
    assert {name: everything[name] for name in server} == server
    here = closure(declared("server", "postgresql", "oblivious")) | closure(declared("."))
    assert here <= server.keys()
    text = (ROOT / "docs/operators/deploy/constraints.txt").read_text(encoding="utf-8")
    surplus = server.keys() - here
    assert not [name for name in surplus if not re.search(rf"^{name}==\S+ ; ", text, re.MULTILINE)]


@pytest.mark.slow
def test_what_runs_here_is_what_is_locked() -> None:
    locked = pins("constraints.txt")
    here = {str(canonicalize_name(one.name)): one.version for one in distributions()}
    other = {
        n: (here[n], locked[n][0]) for n in RUNTIME if Version(here[n]) != Version(locked[n][0])
    }
    assert other == {}


@pytest.mark.slow
def test_every_licence_of_what_an_operator_gets_is_one_of_those_that_were_agreed_to() -> None:
    found = {name: licence(distribution(name)) for name in sorted(RUNTIME)}
    assert strangers(found) == {}
    assert strangers(found | {"new": "GPL-3.0-only"}) == {"new": "GPL-3.0-only"}
    copyleft = {name for name, stated in found.items() if stated.startswith("LGPL")}
    bare = closure([*declared("."), *declared("server"), *declared("registry")])
    assert copyleft.isdisjoint(bare), "only extras may be under a copyleft"


@pytest.mark.slow
def test_the_licences_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    licences.main()
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == RUNTIME
    assert "uvicorn" in RUNTIME


INNER = {"uvicorn.protocols": "uvicorn"}
"""Modules that no document of theirs promises, and the distribution that has them."""


def test_a_module_that_nobody_promises_to_keep_is_asked_for_up_to_the_release_that_is_tried() -> (
    None
):
    used = set()
    for file in (ROOT / "server" / "headcount_server").rglob("*.py"):
        modules = re.findall(r"^from (\S+) import", file.read_text("utf-8"), re.MULTILINE)
        used |= {inner for m in modules for inner in INNER if m.startswith(inner)}
        private = [m for m in modules if "._" in m and not m.startswith("headcount")]
        assert private == [], file
    assert used == set(INNER)
    for inner in used:
        (asked,) = [r for r in map(Requirement, declared("server")) if r.name == INNER[inner]]
        release = Version(distribution(asked.name).version)
        after = f"{release.major}.{release.minor + 1}"
        assert asked.specifier.contains(release)
        assert not asked.specifier.contains(after)


def test_a_host_gets_protobuf_alone_and_grpcio_only_if_it_asks_for_it() -> None:
    assert closure(declared(".")) == {"protobuf"}
    assert closure(declared(".", "grpc")) == {"grpcio", "protobuf", "typing-extensions"}
    assert closure(declared(".", "oblivious")) >= {"cryptography", "protobuf", "pyhpke"}


def test_the_server_asks_for_the_clients_grpc_since_its_demo_sends_that_way() -> None:
    assert "headcount[grpc]>=0.1,<0.2" in declared("server")
