"""What a destination is given of a week: the numbers of `/data` with their bounds, and notices.

They are read from the same published totals, through the same rows, as pages and files are.
"""

from __future__ import annotations

from collections.abc import Iterator

from headcount_server.publication import table
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.response import response


def numbers(week: PublishedWeek) -> Iterator[dict[str, str | int | None]]:
    """Yield every number of a week by the names of its columns; see `publication.table.Row`.

    The key is `key_name`, and the bounds are `lower_bound` and `upper_bound`, because SQL
    takes the shorter words for its own.
    """
    for row in table.rows(response([week], "")):
        yield {
            "threshold": row.threshold,
            "project": row.project,
            "key_name": row.key,
            "measure": row.measure,
            "value": row.value,
            "version": row.version,
            "reports": row.reports,
            "lower_bound": row.lower,
            "upper_bound": row.upper,
        }


def notices(week: PublishedWeek) -> Iterator[dict[str, str | int | None]]:
    """Yield every notice of totals that were taken down from a week."""
    for project in week.projects:
        for notice in project.retractions:
            yield {
                "project": project.name,
                "key_name": notice.name,
                "reason": notice.reason,
                "date": notice.date,
            }
