"""What is published of a closed week.

With a threshold k every count c becomes `k * floor(c / k)`, and what becomes
zero is absent. Together with the classes that are never tallied (see
`answers`) the outcome is itself a possible truth: a week in which every group
of sites is a block of k identical ones. So from all published numbers alone
nobody can prove that 1 to k-1 sites hold, lack or combine values. Nearest
rounding, an exact total, a second margin or both sides of a boolean would
each break that; `tests/server/publication/test_publication.py` builds the possible truth
and shows that these are caught.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headcount_server.counting.tally import Cell, Tally


@dataclass(frozen=True, slots=True)
class Publication:
    """Published totals of one project in one week; every number is a multiple of k."""

    reports: int
    answers: Mapping[int, int]
    """Reports that answered a key, by its number."""
    values: Mapping[Cell, int]
    """Reports per value; what is missing to `answers` is other, rare or unknown."""


def publish(tally: Tally, threshold: int) -> Publication | None:
    """What the threshold leaves of a tally; None where it leaves nothing at all."""

    def down(count: int) -> int:
        return count - count % threshold

    if not down(tally.reports):
        return None
    return Publication(
        reports=down(tally.reports),
        answers={key: down(n) for key, n in sorted(tally.answers.items()) if down(n)},
        values={cell: down(n) for cell, n in sorted(tally.values.items()) if down(n)},
    )
