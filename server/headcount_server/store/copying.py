"""Copies a database into another one, of either engine, while no server runs on them.

The copy has the published totals, and the open weeks with their tokens and keys, so a token
that was counted before is still a duplicate. Both sides are read again and compared before
the copy is committed; if they differ, it is undone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from headcount_server.errors import StoreError
from headcount_server.store import published_tables
from headcount_server.store.database import Database, Row, Side

TABLES = {
    "weeks": "week threshold closes closed key",
    "week_registries": "week project digest",
    "schemas": "project digest declared",
    "keys": "project key name",
    "published_reports": "week project reports",
    "published_answers": "week project key answers",
    "published_values": "week project key value release reports",
    "key_terms": "week project key threshold crossed kind folded",
    "places": "week project key value declared",
    "told_apart": "week project key value release",
    "retractions": "week project key reason retracted",
    "annotations": "week text",
    "coverages": "week project installations source",
    "log_leaves": "number leaf",
    "log_salts": "week project kind number salts",
    "open_reports": "week project reports",
    "open_answers": "week project key answers",
    "open_values": "week project key value release reports",
    "tokens": "week token shard",
}
"""Columns of each copied table, in the order of copying; rows are sorted by them. The key of a
closed week is None, and so is the shard of a token if it is unknown. A token is its hash."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy contains."""

    closed_weeks: int
    open_weeks: tuple[str, ...]
    tokens: int
    """Reports of the open weeks that are not counted again."""


def copy(source: Database, target: Database) -> Copied:
    """Copy one database into another, which must be empty, and compare the two.

    Raises StoreError if the source is missing, the target holds anything, a server runs on
    one of them, or the two differ in the end. The target is then left as it was.
    """
    if source == target:
        msg = f"--to {target}: is the database of --from too; name another one"
        raise StoreError(msg)
    with source.copy_from() as old, target.copy_into() as new:
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
