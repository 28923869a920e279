"""Copying a database into another one, of the same kind or not, while no server runs on either.

What is published is copied, and so are open weeks with their tokens and keys,
so that a token that was counted before is a duplicate afterwards. Both sides
are read again and compared before the copy stands; where they differ it is
undone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from headcount_server.errors import StoreError
from headcount_server.store import published_tables
from headcount_server.store.connection import Connection
from headcount_server.store.database import Database, postgres
from headcount_server.store.sqlite import copying

Row: TypeAlias = tuple[Any, ...]

TABLES = {
    "weeks": "week threshold closes closed key",
    "week_registries": "week project digest",
    "keys": "project key name",
    "published_reports": "week project reports",
    "published_answers": "week project key answers",
    "published_values": "week project key value release reports",
    "retractions": "week project key reason retracted",
    "annotations": "week text",
    "open_reports": "week project reports",
    "open_answers": "week project key answers",
    "open_values": "week project key value release reports",
    "tokens": "week token shard",
}
"""What is copied, in this order, and the columns of its rows; they stand in order of them.

The key of a closed week is None, and so is the shard of a token where nobody
knows it; a token is its hash.
"""


class Side(Protocol):
    """A database that is copied from or into, within one transaction."""

    @property
    def connection(self) -> Connection:
        """The transaction."""
        ...

    def rows(self, table: str) -> Iterator[Row]:
        """Rows of one of `TABLES`. Raises StoreError."""
        ...


class Target(Side, Protocol):
    """A database that is copied into, and is empty before that."""

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows of one of `TABLES`. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied."""

    closed_weeks: int
    open_weeks: tuple[str, ...]
    tokens: int
    """Reports of the open weeks that are not counted again."""


def copy(source: Database, target: Database) -> Copied:
    """Copy one database into another, which has to be empty, and compare them.

    Raises StoreError where the source is missing, the target holds anything, a
    server runs on one of them, or the two differ in the end; the target is
    left as it was then.
    """
    if source == target:
        msg = f"--to {target}: is the database of --from too; name another one"
        raise StoreError(msg)
    with _leaving(source) as old, _arriving(target) as new:
        for table in TABLES:
            new.put(table, old.rows(table))
        for table in TABLES:
            if not _same(old.rows(table), new.rows(table)):
                msg = f"{target}: {table} differ from those of {source}; nothing was copied"
                raise StoreError(msg)
        if _published(old) != _published(new):
            msg = f"{target}: published weeks differ from those of {source}; nothing was copied"
            raise StoreError(msg)
        weeks = list(new.rows("weeks"))
        tokens = sum(1 for _ in new.rows("tokens"))
    opened = tuple(week for week, _, _, closed, _ in weeks if closed is None)
    return Copied(len(weeks) - len(opened), opened, tokens)


def _published(side: Side) -> object:
    return published_tables.read(side.connection, None, None, sys.maxsize)


def _same(old: Iterator[Row], new: Iterator[Row]) -> bool:
    return all(
        one is not None
        and other is not None
        # Only PostgreSQL knows the shard of a token.
        and all(a == b or a is None or b is None for a, b in zip(one, other, strict=True))
        for one, other in zip_longest(old, new)
    )


def _leaving(database: Database) -> AbstractContextManager[Side]:
    if isinstance(database, Path):
        return copying.leaving(database)
    found: AbstractContextManager[Side] = postgres(database, "copying").leaving(database)
    return found


def _arriving(database: Database) -> AbstractContextManager[Target]:
    if isinstance(database, Path):
        return copying.arriving(database)
    found: AbstractContextManager[Target] = postgres(database, "copying").arriving(database)
    return found
