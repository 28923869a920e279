"""A database that is given published totals, and a look into it from outside."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from headcount_server.destinations.sql import SqlDestination
from headcount_server.destinations.url import DestinationUrl
from headcount_server.publication import table
from headcount_server.publication.response import response
from headcount_server.store.database import Database
from headcount_server.store.published_tables import every_week

NUMBERS = (
    "SELECT week, threshold, project, key_name, measure, value, version, reports, lower_bound,"
    " upper_bound FROM headcount_totals ORDER BY week DESC, place"
)
"""Each number in the form of `/data`."""


def published(database: Database) -> list[tuple[Any, ...]]:
    """Return what `/data` has of a database, in the same form."""
    return numbers(table.as_csv(response(every_week(database), "")))


def numbers(text: str) -> list[tuple[Any, ...]]:
    """Return the numbers of a CSV file of `/data`."""
    _, *lines = csv.reader(io.StringIO(text))
    return [
        (w, int(t), p, key, measure, value, version, int(n), int(low), int(up) if up else None)
        for w, t, p, key, measure, value, version, n, low, up in lines
    ]


@dataclass(frozen=True)
class Foreign:
    """A database that is given totals."""

    text: str
    """Its URL, with its password."""

    @property
    def url(self) -> DestinationUrl:
        """Return it in the form that the server has."""
        return DestinationUrl.parse("--to", self.text)

    def open(self) -> SqlDestination:
        """Return the destination."""
        return SqlDestination.open("--to", self.url)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds there."""
        engine = sqlalchemy.create_engine(self.text, poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sqlalchemy.text(query))]
