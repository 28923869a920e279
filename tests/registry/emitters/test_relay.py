"""A declared relay: in every output, in the digest, in a comparison, and gone from a fork's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from headcount_registry.declarations.digest import consent_digest, digest
from headcount_registry.declarations.draft import gather
from headcount_registry.declarations.model import Project, Registry
from headcount_registry.declarations.resolve import resolve
from headcount_registry.emitters import consent_text, keys_page, registry_json
from headcount_registry.evolution.attribute_changes import Kind
from headcount_registry.evolution.comparison import Snapshot, compare
from headcount_registry.evolution.descriptor_reader import read_registry
from headcount_registry.pipeline.build import Receiver, build
from headcount_registry.reading.source import read
from support.workbench import Bench

RELAY = "https://relay.example.net/headcount"
KEY = "AQAgMeHwWnQBAhFSIOmvkY9zhnSuyV9U224E63Baro55gVUACAABAAEAAQAD"
TEXT = f"""\
headcount[homepage] = https://example.org
headcount[recipient] = The toy makers
headcount[contact] = toys@example.org
headcount[endpoint] = https://telemetry.example.org
headcount[relay] = {RELAY}
headcount[oblivious_key] = {KEY}
telemetry[good][type] = boolean
telemetry[good][label] = Good
telemetry[good][description] = Whether it is good.
telemetry[good][purpose] = Decide whether to mend it.
telemetry[good][issue] = https://example.org/issues/1
"""


@pytest.fixture(name="project")
def _project(bench: Bench) -> Project:
    bench.write("toy.info", TEXT)
    (project,) = resolve(gather(read([bench.declarations]))).projects
    return project


def test_a_build_carries_relay_and_key_to_server_client_and_people(bench: Bench) -> None:
    bench.write("toy.info", TEXT)
    files = build([bench.declarations], bench.lock).files
    (read_back,) = read_registry(files["registry.binpb"], "").projects
    (told,) = json.loads(files["registry.json"])["projects"]
    assert (read_back.relay, read_back.oblivious_key) == (RELAY, KEY)
    assert (told["relay"], told["oblivious_key"]) == (RELAY, KEY)
    client = files["clients/toy_telemetry/_project.py"].decode()
    assert f'relay="{RELAY}"' in client
    assert KEY in client
    consent = " ".join(files["clients/toy_telemetry/consent.txt"].decode().split())
    assert f"Through: {RELAY}" in consent
    for who in (
        "The relay sees your address and cannot read the report.",
        "The recipient reads the report, as a whole, and does not see your address.",
        "Only both together could connect the two.",
    ):
        assert who in consent


def test_without_a_relay_outputs_are_silent_about_it_and_the_digest_stays(project: Project) -> None:
    direct = replace(project, relay="", oblivious_key="")
    assert "relay" not in consent_text.emit(direct)
    assert "relay" not in keys_page.emit(Registry((direct,)))
    assert RELAY in keys_page.emit(Registry((project,)))
    assert registry_json.project(direct)["relay"] == ""
    assert digest(direct) != digest(project)
    assert digest(replace(project, oblivious_key="x")) != digest(project)
    assert consent_digest(direct) == consent_digest(project)


def test_every_change_of_the_relay_is_a_change_of_the_registry(project: Project) -> None:
    direct = replace(project, relay="", oblivious_key="")
    moved = replace(project, relay="https://other.example.net")
    rotated = replace(project, oblivious_key=KEY[:-4] + "AQAB")

    def kinds(old: Project, new: Project) -> dict[str, Kind]:
        found = compare(Snapshot("", Registry((old,))), Snapshot("", Registry((new,)))).changes
        return {each.detail.partition(":")[0]: each.kind for each in found}

    assert kinds(direct, project) == {"relay": Kind.NARROWED, "oblivious_key": Kind.REWORDED}
    assert kinds(project, direct) == {"relay": Kind.WIDENED, "oblivious_key": Kind.REWORDED}
    assert kinds(project, moved) == {"relay": Kind.REWORDED}
    assert kinds(project, rotated) == {"oblivious_key": Kind.REWORDED}


def test_a_fork_with_an_endpoint_of_its_own_has_neither_relay_nor_key(project: Project) -> None:
    registry = Registry((project,))
    (forked,) = Receiver(endpoint="https://fork.example.org").of(registry).projects
    assert (forked.endpoint, forked.relay, forked.oblivious_key) == (
        "https://fork.example.org", "", "",
    )  # fmt: skip
    (renamed,) = Receiver(recipient="The fork").of(registry).projects
    assert (renamed.recipient, renamed.relay) == ("The fork", RELAY)
