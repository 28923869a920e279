"""The audit: what a database holds, table by table, and proof that no row describes a report.

Every table and column must be one of those named here, each with the meaning of its rows;
any other table is a finding. Further findings are a total that no set of reports could
give, a published number that is not a multiple of its week's threshold, and data of a
closed week that the close should have destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headcount_server.store.connection import Connection

A_TOKEN = "a keyed hash of a report's token, next to no other fact"  # noqa: S105 - no password
TABLES = {
    "_sqlite_migrations": ("id migration_set name applied_at", "a step of the schema"),
    "weeks": ("week threshold closes closed", "a week: its terms, and when it was closed"),
    "key_checks": ("week key_check", "what tells the right key of a week from any other"),
    "week_registries": ("week project digest", "a registry that a week was tallied under"),
    "schemas": ("project digest declared", "what a project asked, by the digest of its registry"),
    "keys": ("project key name", "the name of a declared key"),
    "open_reports": ("week project reports", "a total of an open week: reports"),
    "open_answers": ("week project key answers", "a total of an open week: answers to a key"),
    "open_values": (
        "week project key value release reports",
        "a total of an open week: reports with a value",
    ),
    "published_reports": ("week project reports", "a published total: reports"),
    "published_answers": ("week project key answers", "a published total: answers to a key"),
    "published_values": (
        "week project key value release reports",
        "a published total: reports with a value",
    ),
    "key_terms": (
        "week project key threshold crossed kind folded",
        "what holds for a key in a week",
    ),
    "places": (
        "week project key value declared",
        "a value that a week counts in full, known before it",
    ),
    "told_apart": (
        "week project key value release",
        "a release that is told apart for a value, settled by earlier weeks",
    ),
    "retractions": ("week project key reason retracted", "a notice that a total was taken down"),
    "annotations": ("week text", "what the operator says about a week"),
    "coverages": (
        "week project installations source",
        "a number of installations that the operator knows from elsewhere",
    ),
    "log_leaves": ("number leaf", "a leaf of the log of what was published"),
    "log_salts": (
        "week project kind number salts",
        "the salts that open the commitments of a leaf",
    ),
    "corrected_weeks": ("week corrections", "how often a published week was corrected"),
    "deliveries": (
        "destination week corrections",
        "a published week that a destination was given",
    ),
}
"""Columns of each table, and the meaning of its rows."""
VIEWS = (
    "published_coverages",
    "published_retractions",
    "published_told_apart",
    "published_totals",
    "published_weeks",
)

_OPEN = "IN (SELECT week FROM weeks WHERE closed IS NULL)"
_IMPOSSIBLE = {
    "open totals of a week that is not open": " UNION ALL ".join(
        f"SELECT week FROM open_{table} WHERE NOT week {_OPEN}"  # noqa: S608 - our names
        for table in ("reports", "answers", "values")
    ),
    "published totals of a week that is not closed": " UNION ALL ".join(
        f"SELECT week FROM published_{table} WHERE week {_OPEN}"  # noqa: S608 - our names
        for table in ("reports", "answers", "values")
    ),
    "published numbers that are no multiple of the threshold": " UNION ALL ".join(
        f"SELECT week FROM published_{table} JOIN weeks USING (week)"  # noqa: S608 - our names
        f" WHERE {column} < threshold OR {column} % threshold <> 0"
        for table, column in (("reports", "reports"), ("answers", "answers"), ("values", "reports"))
    ),
    "more answers to a key than reports": " UNION ALL ".join(
        f"SELECT week FROM {state}_answers LEFT JOIN {state}_reports USING (week, project)"  # noqa: S608 - our names
        " WHERE answers > coalesce(reports, 0)"
        for state in ("open", "published")
    ),
    "more reports with a value than answers to its key": " UNION ALL ".join(
        "SELECT week FROM (SELECT week, project, key, value, sum(reports) AS holders"  # noqa: S608 - our names
        f" FROM {state}_values GROUP BY week, project, key, value) AS holding"
        f" LEFT JOIN {state}_answers USING (week, project, key) "
        " WHERE holders > coalesce(answers, 0)"
        for state in ("open", "published")
    ),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and the meaning of its rows."""

    name: str
    rows: int
    a_row_is: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit."""

    schema: int
    """Version of the schema."""
    tables: tuple[Table, ...]
    log_bytes: int | None
    """Size of the write-ahead log, which holds the last commits; None if the engine keeps
    its own."""
    keys: tuple[str, ...]
    """Weeks whose key exists."""
    findings: tuple[str, ...]
    """Faults in words; empty if there are none."""


def impossible(connection: Connection) -> Iterator[str]:
    """Yield in words each kind of total that no set of reports could give."""
    for what, query in _IMPOSSIBLE.items():
        weeks = sorted({week for (week,) in connection.execute(query)})
        if weeks:
            yield f"{what}: {', '.join(weeks)}"
