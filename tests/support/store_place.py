"""A place for a store in tests, on either engine, with access to its content."""

from __future__ import annotations

from dataclasses import dataclass

from headcount_server.store.audit import Audit
from headcount_server.store.contract import Store
from headcount_server.store.database import Database


@dataclass(frozen=True)
class Place:
    """A database that is empty at first."""

    database: Database

    def open(self) -> Store:
        """Another store on it."""
        return self.database.open_store()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query says, over the tables and views that both databases have."""
        with self.database.reading() as connection:
            return connection.execute(query).fetchall()

    def audit(self) -> Audit:
        """What `headcount-server check` finds."""
        return self.database.audit()
