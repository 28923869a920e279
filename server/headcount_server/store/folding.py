"""What goes with a retraction: partitions that were settled by the retracted numbers.

Which releases a week tells apart follows from what the week before published,
and so on, so that a later partition can tell what was retracted. Its cells are
summed up in every week of that chain, whether it told anything apart or not:
where the chain ended by itself would tell as well. It ends where the week's own
numbers leave no history. Places that a retracted value had go the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from headcount_server.publication.places import WEEKS
from headcount_server.store import published_tables
from headcount_server.store.connection import Connection
from headcount_server.week import Week


def reach(
    connection: Connection, project: str, key: int, weeks: Collection[str]
) -> dict[int, set[str]]:
    """The weeks in which crossed keys are to be folded if a key is retracted in these, by key."""
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
    """The weeks after one whose partition of a key goes back to it."""
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
        # A week in which either is withheld is history to nobody.
        if not {key, version} <= {number for (number,) in answered}:
            return


def fold(connection: Connection, project: str, key: int, week: str) -> None:
    """Sum the cells of a key's values in a published week, and forget how many there were."""
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
    forget(connection, project, key, week)
    connection.execute(f"UPDATE key_terms SET folded = 1 WHERE {where} AND crossed = 1", at)  # noqa: S608 - ours


def forget(connection: Connection, project: str, key: int, week: str) -> None:
    """Remove which releases a week told apart for a key."""
    connection.execute(
        "DELETE FROM told_apart WHERE week = ? AND project = ? AND key = ?", (week, project, key)
    )


def vacate(connection: Connection, project: str, key: int, since: str) -> None:
    """Take from a key's values the places in later weeks that nothing published gives them.

    What was published only after the later week began may have given none.
    """
    taken = connection.execute(
        "SELECT week, value FROM places"
        " WHERE project = ? AND key = ? AND week > ? AND declared = 0",
        (project, key, since),
    ).fetchall()
    for week in sorted({week for week, _ in taken}):
        named = _published_before(connection, project, key, week)
        gone = [value for at, value in taken if at == week and value not in named]
        connection.executemany(
            "DELETE FROM places WHERE week = ? AND project = ? AND key = ? AND value = ?",
            [(week, project, key, value) for value in gone],
        )


def _published_before(connection: Connection, project: str, key: int, week: str) -> set[str]:
    begin = Week.parse(week).start.isoformat()
    weeks = connection.execute(
        "SELECT week FROM published_reports JOIN weeks USING (week)"
        " WHERE project = ? AND week < ? AND closed <= ? ORDER BY week DESC LIMIT ?",
        (project, week, begin, WEEKS),
    ).fetchall()
    return {
        value
        for (before,) in weeks
        for (value,) in connection.execute(
            "SELECT DISTINCT value FROM published_values"
            " WHERE week = ? AND project = ? AND key = ?",
            (before, project, key),
        )
    }
