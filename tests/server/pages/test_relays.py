"""Pages say of a project with a relay who can know what, and of others nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from headcount_server.pages.operator import Operator
from headcount_server.pages.site import Site
from headcount_server.publication.terms import Policy
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema

POLICY = Policy(5, timedelta(days=2))
RELAY = "relay.example.net"
ADDRESSES = ("projects/toy/", "collected/", "privacy/")
ALL = ("en", "de", "es")
WHO = {
    "": ("The relay sees who sends", "Only both together could", "Old sites of Backdrop"),
    "de/": ("Das Relais sieht, wer", "Nur beide zusammen", "Alte Backdrop-Sites"),
    "es/": ("El intermediario ve quién envía", "Solo ambos juntos", "Los sitios antiguos"),
}


@pytest.fixture(name="relayed")
def _relayed(toy_registry: Path) -> Schema:
    files = descriptor_pb2.FileDescriptorSet.FromString(toy_registry.read_bytes())
    of_project: Any = options_pb2.project
    for file in files.file:
        for message in file.message_type:
            if message.options.HasExtension(of_project):
                declared = message.options.Extensions[of_project]
                declared.relay = f"https://{RELAY}/headcount"
                declared.oblivious_key = "AAAA"
    return schema.parse(files.SerializeToString())


def _pages(known: Schema) -> Site:
    return Site(known, (), POLICY, Operator(languages=ALL))


def _text(site: Site, address: str) -> str:
    found = site.document(address)
    assert found
    return " ".join(found.body.decode().split())


@pytest.mark.parametrize("prefix", WHO)
def test_pages_say_who_can_know_what(relayed: Schema, prefix: str) -> None:
    site = _pages(relayed)
    for address in ADDRESSES:
        assert RELAY in _text(site, prefix + address)
    for address in ("projects/toy/", "privacy/"):
        for words in WHO[prefix]:
            assert words in _text(site, prefix + address)
    assert 'privacy/#relay"' in _text(site, f"{prefix}projects/toy/")
    assert 'id="relay"' in _text(site, f"{prefix}privacy/")


@pytest.mark.parametrize("prefix", WHO)
def test_without_a_relay_pages_say_nothing_of_one(toy_schema: Schema, prefix: str) -> None:
    site = _pages(toy_schema)
    for address in ADDRESSES:
        text = _text(site, prefix + address).lower()
        assert not any(word in text for word in ("relay", "relais", "intermediario"))
