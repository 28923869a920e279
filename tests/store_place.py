"""A place for a store in tests, on either database, with a look at what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from headcount_server.store import audit, database
from headcount_server.store.contract import Store
from headcount_server.store.database import Database


@dataclass(frozen=True)
class Place:
    """A database that is empty at first."""

    database: Database

    def open(self) -> Store:
        """Another store on it."""
        return database.open_store(self.database)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query says, over the tables and views that both databases have."""
        with database.reading(self.database) as connection:
            return connection.execute(query).fetchall()

    def audit(self) -> audit.Audit:
        """What `headcount-server check` finds."""
        return audit.audit(self.database)
