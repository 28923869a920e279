"""Reads what projects declared in the weeks in which a server took reports by it."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.json_format import Parse
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.registry.pinned_keys import Served
from headcount_server.store.connection import Connection
from headcount_server.week import Week


def since(connection: Connection, first: Week) -> Iterator[Served]:
    """Yield each declaration of each project, with the last week it was in force, from `first` on.

    Weeks that are open count too.
    """
    for week, declared in connection.execute(
        "SELECT max(week), declared FROM week_registries JOIN schemas USING (project, digest)"
        " WHERE week >= ? GROUP BY project, digest, declared ORDER BY project, digest",
        (str(first),),
    ):
        told = Parse(declared, wire.Project(), ignore_unknown_fields=True)
        yield Week.parse(week), told.declaration
