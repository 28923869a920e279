"""Retractions: totals that must not be published, in the tables of any store.

A retraction holds for one week, or for every week to come. If the key `version` is taken
down, cross-tabulations lose their releases too: their cells are summed to the margin, which
was public anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import date

from headcount_server.counting.tally import Cell
from headcount_server.publication.rounding import Publication
from headcount_server.store.connection import Connection

ALWAYS = ""
"""The week of a retraction that holds for every week to come."""

_VERSION = "version"


def note(  # noqa: PLR0913 - the columns of a row
    connection: Connection, week: str, project: str, key: int, reason: str, day: date
) -> None:
    """Write the public notice of a retraction."""
    connection.execute(
        "INSERT INTO retractions VALUES (?, ?, ?, ?, ?) ON CONFLICT (week, project, key)"
        " DO UPDATE SET reason = excluded.reason, retracted = excluded.retracted",
        (week, project, key, reason, day.isoformat()),
    )


def take_down(connection: Connection, state: str, week: str, project: str, key: int) -> None:
    """Remove a key's totals of a week from `published`, `open` or `shard` tables."""
    at = (week, project)
    shard = "shard, " if state == "shard" else ""
    for table in (f"{state}_answers", f"{state}_values"):
        connection.execute(
            f"DELETE FROM {table} WHERE week = ? AND project = ? AND key = ?",  # noqa: S608 - our names
            (*at, key),
        )
    if key not in _version_keys(connection, project):
        return
    folded = connection.execute(
        f"SELECT {shard}key, value, CAST(sum(reports) AS BIGINT) FROM {state}_values"  # noqa: S608 - our names
        f" WHERE week = ? AND project = ? AND release <> '' GROUP BY {shard}key, value",
        at,
    ).fetchall()
    connection.execute(
        f"DELETE FROM {state}_values WHERE week = ? AND project = ? AND release <> ''",  # noqa: S608 - our names
        at,
    )
    connection.executemany(
        f"INSERT INTO {state}_values (week, project, {shard}key, value, reports, release)"  # noqa: S608 - our names
        f" VALUES (?, ?, {'?, ' if shard else ''}?, ?, ?, '')"
        f" ON CONFLICT ({shard}week, project, key, value, release)"
        f" DO UPDATE SET reports = {state}_values.reports + excluded.reports",
        [(*at, *cell) for cell in folded],
    )


def withhold(
    connection: Connection, week: str, project: str, publication: Publication
) -> Publication:
    """Return a publication without the keys retracted for ever, and write their notices."""
    standing = connection.execute(
        "SELECT key, reason, retracted FROM retractions WHERE week = ? AND project = ?",
        (ALWAYS, project),
    ).fetchall()
    withheld = {key for key, _, _ in standing}
    for key, reason, day in standing:
        if key in publication.answers:
            note(connection, week, project, key, reason, date.fromisoformat(day))
    fold = bool(withheld & _version_keys(connection, project))
    return _without(publication, withheld, fold=fold)


def _without(publication: Publication, keys: Collection[int], *, fold: bool) -> Publication:
    if not keys:
        return publication
    values: Counter[Cell] = Counter()
    for cell, reports in publication.values.items():
        if cell.key not in keys:
            values[cell._replace(release="") if fold else cell] += reports
    answers = {key: n for key, n in publication.answers.items() if key not in keys}
    return replace(publication, answers=answers, values=dict(values))


def _version_keys(connection: Connection, project: str) -> set[int]:
    rows = connection.execute(
        "SELECT key FROM keys WHERE project = ? AND name = ?", (project, _VERSION)
    )
    return {key for (key,) in rows}
