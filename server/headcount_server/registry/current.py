"""The registry in force: one immutable snapshot, replaced as a whole."""

from __future__ import annotations

from headcount_server.registry.schema import Schema


class CurrentRegistry:
    """Holds the schema that judges reports.

    A call takes `schema` once at its start and keeps to it, so no call sees two registries.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @property
    def schema(self) -> Schema:
        """The snapshot in force."""
        return self._schema

    def replace(self, schema: Schema) -> None:
        """Put another snapshot in force, in one assignment."""
        self._schema = schema
