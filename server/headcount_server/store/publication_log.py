"""The log of publications, in the tables of any store.

Leaves are appended in the transaction that publishes or corrects, and are never changed. The
salts of a leaf stand beside it. A correction deletes those of every part that it takes down, so
that the part can no longer be opened. See `publication.log_leaves` for the leaves.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from headcount_server.counting.vocabulary import OPEN_TYPES
from headcount_server.publication import log_leaves
from headcount_server.publication.log_leaves import (
    INSTALLATIONS,
    PARTITION,
    PLACES,
    SALT_BYTES,
    SUMS,
    TEXT,
    Commitments,
    Contents,
    Head,
    Leaf,
    part,
)
from headcount_server.publication.merkle import Tree
from headcount_server.publication.places import WEEKS
from headcount_server.store import published_tables
from headcount_server.store.connection import Connection
from headcount_server.store.folding import Reached
from headcount_server.week import Week

_NAME_BYTES = 8
_TOTALS, _ANNOTATION, _COVERAGE = "totals", "annotation", "coverage"

Unopened = Iterable[tuple[str, str]]
"""Parts that a retraction takes down, each with its week."""


def record(connection: Connection, week: Week, threshold: int) -> None:
    """Append the leaves of a week that is being closed, within the transaction of its close."""
    at = str(week)
    _begin(connection, at)
    _append(connection, log_leaves.week(at, threshold, published_tables.rule(connection, at)))
    for project in published_tables.projects(connection, at):
        salts, commitments = _committed(log_leaves.contents(project, threshold))
        number = _append(connection, log_leaves.totals(at, project, commitments))
        _keep(connection, (at, project.name, _TOTALS), number, salts)
    if published_tables.annotation(connection, at):
        _annotate(connection, at)
    for its in published_tables.coverages(connection, at):
        _cover(connection, at, its.project)


def annotated(connection: Connection, week: str) -> None:
    """Append the leaf of a changed note. Does nothing for a week that is open."""
    if _is_closed(connection, week):
        _begin(connection, "")
        _annotate(connection, week)


def covered(connection: Connection, week: str, project: str) -> None:
    """Append the leaf of a changed coverage. Does nothing for a week that is open."""
    if _is_closed(connection, week):
        _begin(connection, "")
        _cover(connection, week, project)


def retracted(  # noqa: PLR0913 - what the leaf says
    connection: Connection,
    *,
    project: str,
    key: int,
    weeks: Sequence[str],
    reached: Reached,
    reason: str,
    day: str,
    always: bool,
) -> None:
    """Append the leaf of a retraction, and delete the salts of every part that it takes down."""
    _begin(connection, "")
    unopened = {*_own(connection, project, key, weeks), *_vacated(connection, project, key, weeks)}
    unopened |= {(week, part(PLACES, key)) for week in reached.vacated}
    unopened |= {
        (week, part(PARTITION, number)) for number, its in reached.folded.items() for week in its
    }
    kept = sorted(_forget(connection, project, unopened))
    (name,) = connection.execute(
        "SELECT name FROM keys WHERE project = ? AND key = ?", (project, key)
    ).fetchone()
    leaf = log_leaves.retraction(
        project=project,
        key=key,
        name=name,
        weeks=weeks,
        reason=reason,
        day=day,
        always=always,
        unopened=kept,
    )
    _append(connection, leaf)


def begin_anew(connection: Connection, day: str, former: Head) -> None:
    """Begin a new log, which says that a restore made it, and what became of the former one.

    `former` is its newest known head. The weeks that are closed by now are not vouched for.
    """
    connection.execute("DELETE FROM log_salts")
    connection.execute("DELETE FROM log_leaves")
    _start(connection, "", former, day)


def head(connection: Connection) -> Head | None:
    """Return the head of the log; None if there is no log."""
    known = first_leaf(connection)
    if known is None:
        return None
    found = tree(connection)
    return Head(known["log"], found.size, b64encode(found.root()).decode())


def first_leaf(connection: Connection) -> Leaf | None:
    """Return the first leaf; None if there is no log yet."""
    row = connection.execute("SELECT leaf FROM log_leaves WHERE number = 0").fetchone()
    return None if row is None else dict(json.loads(row[0]))


def leaves(connection: Connection, first: int = 0) -> Iterator[str]:
    """Yield the leaves from an index on."""
    rows = connection.execute(
        "SELECT leaf FROM log_leaves WHERE number >= ? ORDER BY number", (first,)
    )
    return (leaf for (leaf,) in rows)


def leaf(connection: Connection, number: int) -> str:
    """Return one leaf."""
    row = connection.execute("SELECT leaf FROM log_leaves WHERE number = ?", (number,)).fetchone()
    return str(row[0])


def salts(connection: Connection, end: int) -> Iterator[str]:
    """Yield the salts of each leaf before an index, as one line of JSON."""
    rows = connection.execute(
        "SELECT number, salts FROM log_salts WHERE number < ? ORDER BY number", (end,)
    )
    return (f'{{"leaf":{number},"salts":{its}}}' for number, its in rows)


def tree(connection: Connection) -> Tree:
    """Return the tree over all leaves."""
    return Tree(leaf.encode() for leaf in leaves(connection))


def _begin(connection: Connection, closing: str) -> None:
    """Begin the log unless there is one; it vouches from the week that is being closed on."""
    if first_leaf(connection) is None:
        _start(connection, closing, None, "")


def _start(connection: Connection, closing: str, former: Head | None, day: str) -> None:
    (newest,) = connection.execute(
        "SELECT coalesce(max(week), '') FROM weeks WHERE closed IS NOT NULL AND week <> ?",
        (closing,),
    ).fetchone()
    name = secrets.token_hex(_NAME_BYTES)
    _append(connection, log_leaves.first(name, newest, former, day))


def _append(connection: Connection, leaf: Leaf) -> int:
    (number,) = connection.execute("SELECT coalesce(max(number) + 1, 0) FROM log_leaves").fetchone()
    connection.execute("INSERT INTO log_leaves VALUES (?, ?)", (number, log_leaves.text(leaf)))
    return int(number)


def _committed(contents: Contents) -> tuple[Mapping[str, str], Commitments]:
    """Return a salt and a commitment for each part."""
    drawn = {name: secrets.token_bytes(SALT_BYTES) for name in contents}
    return (
        {name: b64encode(salt).decode() for name, salt in drawn.items()},
        {name: log_leaves.commitment(drawn[name], its) for name, its in contents.items()},
    )


def _keep(
    connection: Connection, at: tuple[str, str, str], number: int, salts: Mapping[str, str]
) -> None:
    """Keep the salts of a leaf in place of those of an earlier one about the same thing."""
    connection.execute(
        "INSERT INTO log_salts VALUES (?, ?, ?, ?, ?) ON CONFLICT (week, project, kind)"
        " DO UPDATE SET number = excluded.number, salts = excluded.salts",
        (*at, number, log_leaves.text(salts)),
    )


def _annotate(connection: Connection, week: str) -> None:
    text = published_tables.annotation(connection, week)
    salts, commitments = _committed({TEXT: text})
    number = _append(connection, log_leaves.annotation(week, commitments))
    _keep(connection, (week, "", _ANNOTATION), number, salts)


def _cover(connection: Connection, week: str, project: str) -> None:
    found = [its for its in published_tables.coverages(connection, week) if its.project == project]
    content = log_leaves.installations(found[0] if found else None)
    salts, commitments = _committed({INSTALLATIONS: content})
    number = _append(connection, log_leaves.coverage(week, project, commitments))
    _keep(connection, (week, project, _COVERAGE), number, salts)


def _is_closed(connection: Connection, week: str) -> bool:
    return (
        connection.execute(
            "SELECT 1 FROM weeks WHERE week = ? AND closed IS NOT NULL", (week,)
        ).fetchone()
        is not None
    )


def _own(connection: Connection, project: str, key: int, weeks: Sequence[str]) -> Unopened:
    """Yield the parts of the retracted key; without releases, no partition stays as it was."""
    release = key == published_tables.version_key(connection, project)
    for week in weeks:
        yield from ((week, part(kind, key)) for kind in (SUMS, PARTITION, PLACES))
        for name in _salts(connection, week, project) if release else ():
            if name.startswith(PARTITION):
                yield week, name


def _vacated(connection: Connection, project: str, key: int, weeks: Sequence[str]) -> Unopened:
    """Yield the places of later weeks that the retracted weeks may have given.

    They do not depend on what was retracted, and so tell nothing of it.
    """
    kinds = connection.execute(
        "SELECT DISTINCT kind FROM key_terms WHERE project = ? AND key = ?", (project, key)
    ).fetchall()
    if not weeks or not {kind for (kind,) in kinds} & OPEN_TYPES:
        return
    published = connection.execute(
        "SELECT week FROM published_reports WHERE project = ? ORDER BY week", (project,)
    ).fetchall()
    names = [week for (week,) in published]
    for place, week in enumerate(names):
        # One more, because the last week may not have been published when this one opened.
        if {*names[max(0, place - WEEKS - 1) : place]} & {*weeks}:
            yield week, part(PLACES, key)


def _salts(connection: Connection, week: str, project: str) -> dict[str, str]:
    row = connection.execute(
        "SELECT salts FROM log_salts WHERE week = ? AND project = ? AND kind = ?",
        (week, project, _TOTALS),
    ).fetchone()
    return {} if row is None else dict(json.loads(row[0]))


def _forget(connection: Connection, project: str, parts: Collection[tuple[str, str]]) -> Unopened:
    """Delete the salts of these parts; yield those that there were."""
    for week in sorted({week for week, _ in parts}):
        salts = _salts(connection, week, project)
        gone = {name for at, name in parts if at == week} & salts.keys()
        left = {name: salt for name, salt in salts.items() if name not in gone}
        connection.execute(
            "UPDATE log_salts SET salts = ? WHERE week = ? AND project = ? AND kind = ?",
            (log_leaves.text(left), week, project, _TOTALS),
        )
        yield from ((week, name) for name in gone)
