"""A database knows until when it took reports by each declaration, whichever its engine is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2
from headcount.v1 import options_pb2
from headcount_server.publication.terms import Terms
from headcount_server.registry import schema
from headcount_server.registry.schema import Schema
from headcount_server.store import served_registries
from headcount_server.week import Week
from support.store_place import Place

W45, W46, W47 = (Week(2026, number) for number in (45, 46, 47))


def _pinning(registry: Path, key: str) -> Schema:
    """The toy registry, which pins a key and has a digest of its own."""
    files = descriptor_pb2.FileDescriptorSet.FromString(registry.read_bytes())
    of_project: Any = options_pb2.project
    for file in files.file:
        for message in file.message_type:
            if message.options.HasExtension(of_project):
                declared = message.options.Extensions[of_project]
                declared.oblivious_key = declared.digest = key
    return schema.parse(files.SerializeToString())


def test_each_declaration_has_the_last_week_in_which_it_was_in_force(
    place: Place, toy_registry: Path
) -> None:
    store = place.open()
    old, new = (_pinning(toy_registry, key) for key in ("AAAA", "BBBB"))
    for week, known in ((W45, old), (W46, old), (W46, new), (W47, new)):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), known)
    store.close_week(W45, W45.end)

    def since(first: Week) -> list[tuple[str, Week]]:
        with store.snapshot() as connection:
            found = served_registries.since(connection, first)
            return sorted((told.oblivious_key, week) for week, told in found)

    try:
        assert since(W45) == [("AAAA", W46), ("BBBB", W47)]
        assert since(W47) == [("BBBB", W47)]
    finally:
        store.close()
