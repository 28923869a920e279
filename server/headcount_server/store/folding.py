"""The part of a retraction that reaches partitions which follow from the retracted numbers.

Which releases a week tells apart follows from the totals that the week before published,
and so on, so a later partition can reveal a retracted number. Its cells are therefore
summed in every week of that chain, even in a week that told nothing apart: a chain that
ended early would reveal something too. The chain ends at a week whose own numbers leave no
history. A retraction also removes the places that a retracted value gave.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headcount_server.publication.places import WEEKS
from headcount_server.store import published_tables, retractions
from headcount_server.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Reached:
    """The later weeks that a retraction changed."""

    folded: Mapping[int, Collection[str]]
    """Weeks in which releases were summed, by number of the crossed key."""
    vacated: Collection[str]
    """Weeks in which values of the key lost their places."""


def take_down(connection: Connection, project: str, key: int, weeks: Sequence[str]) -> Reached:
    """Take down what a key published in these weeks, oldest first, and what follows from it."""
    folded = _reach(connection, project, key, weeks)
    for week in weeks:
        retractions.take_down(connection, "published", week, project, key)
        _forget(connection, project, key, week)
    for crossed, reached in folded.items():
        for week in sorted(reached):
            _fold(connection, project, crossed, week)
    vacated = _vacate(connection, project, key, weeks[0]) if weeks else set()
    return Reached(folded, vacated)


def _reach(
    connection: Connection, project: str, key: int, weeks: Collection[str]
) -> dict[int, set[str]]:
    """Return the weeks in which crossed keys must be folded if `key` is retracted in `weeks`.

    The weeks are grouped by number of the crossed key. A key without such weeks is left out.
    """
    version = published_tables.version_key(connection, project)
    found: dict[int, set[str]] = {}
    crossed = connection.execute(
        "SELECT DISTINCT key FROM key_terms WHERE project = ? AND crossed = 1", (project,)
    ).fetchall()
    for (number,) in crossed:
        if key in {version, number}:
            reached = {w for week in weeks for w in _chain(connection, project, number, week)}
            own = {*weeks} if key == version else set()
            found[number] = reached - {*weeks} | own
    return {number: reached for number, reached in found.items() if reached}


def _chain(connection: Connection, project: str, key: int, week: str) -> Iterator[str]:
    """Yield the weeks after one whose partition of a key goes back to it."""
    version = published_tables.version_key(connection, project)
    later = connection.execute(
        "SELECT week FROM published_reports WHERE project = ? AND week > ? ORDER BY week",
        (project, week),
    ).fetchall()
    for (after,) in later:
        crossed = connection.execute(
            "SELECT crossed FROM key_terms WHERE week = ? AND project = ? AND key = ?",
            (after, project, key),
        ).fetchone()
        if crossed is None or not crossed[0]:
            return
        yield after
        answered = connection.execute(
            "SELECT key FROM published_answers WHERE week = ? AND project = ?", (after, project)
        ).fetchall()
        # A week that withholds either is no history for later weeks.
        if not {key, version} <= {number for (number,) in answered}:
            return


def _fold(connection: Connection, project: str, key: int, week: str) -> None:
    """Sum the cells of a key's values in a published week, and forget the number of cells."""
    at = (week, project, key)
    where = "week = ? AND project = ? AND key = ?"
    sums = connection.execute(
        f"SELECT value, CAST(sum(reports) AS BIGINT) FROM published_values WHERE {where}"  # noqa: S608 - ours
        " GROUP BY value",
        at,
    ).fetchall()
    connection.execute(f"DELETE FROM published_values WHERE {where}", at)  # noqa: S608 - ours
    connection.executemany(
        "INSERT INTO published_values (week, project, key, value, release, reports)"
        " VALUES (?, ?, ?, ?, '', ?)",
        [(*at, *each) for each in sums],
    )
    _forget(connection, project, key, week)
    connection.execute(f"UPDATE key_terms SET folded = 1 WHERE {where} AND crossed = 1", at)  # noqa: S608 - ours


def _forget(connection: Connection, project: str, key: int, week: str) -> None:
    """Forget which releases a week told apart for a key."""
    connection.execute(
        "DELETE FROM told_apart WHERE week = ? AND project = ? AND key = ?", (week, project, key)
    )


def _vacate(connection: Connection, project: str, key: int, since: str) -> set[str]:
    """Remove the places of a key's values in later weeks that no published total supports.

    Return these weeks.

    A week that was published after a later week began cannot have given it a place.
    """
    taken = connection.execute(
        "SELECT week, value FROM places"
        " WHERE project = ? AND key = ? AND week > ? AND declared = 0",
        (project, key, since),
    ).fetchall()
    vacated = set()
    for week in sorted({week for week, _ in taken}):
        named = _published_before(connection, project, key, week)
        gone = [value for at, value in taken if at == week and value not in named]
        connection.executemany(
            "DELETE FROM places WHERE week = ? AND project = ? AND key = ? AND value = ?",
            [(week, project, key, value) for value in gone],
        )
        if gone:
            vacated.add(week)
    return vacated


def _published_before(connection: Connection, project: str, key: int, week: str) -> set[str]:
    return {
        value
        for before in published_tables.published_before(connection, project, week, WEEKS)
        for (value,) in connection.execute(
            "SELECT DISTINCT value FROM published_values"
            " WHERE week = ? AND project = ? AND key = ?",
            (before, project, key),
        )
    }
