"""The rounding that turns the totals of a closed week into published ones.

With a threshold k every count c becomes `k * floor(c / k)`, and a count that becomes zero
is absent. Some classes are never tallied (see `answers`), and the week's own data have no
part in its partition (see `partition`). So the outcome is itself a possible truth: a week
in which every group of sites is a block of k identical ones. Nobody can therefore prove
from the published numbers alone that 1 to k-1 sites hold, lack or combine values. Nearest
rounding, an exact total, a second margin or both sides of a boolean would each break that.
`tests/server/publication/test_publication.py` builds the possible truth and shows that
these are caught.

A key's own threshold is a multiple of k, so its published numbers are a function of the
numbers under k, and have the same witness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from headcount_server.counting.tally import Cell, Tally
from headcount_server.publication.key_terms import NO_TERMS, ProjectTerms, threshold_of


@dataclass(frozen=True, slots=True)
class Publication:
    """Published totals of one project in one week; every number is a multiple of k."""

    reports: int
    answers: Mapping[int, int]
    """Reports that answered a key, by its number."""
    values: Mapping[Cell, int]
    """Reports per value and part; the answers that are missing here are other, rare or unknown."""
    told_apart: Mapping[tuple[int, str], frozenset[str]] = field(default_factory=dict)
    """The week's partition, for the published keys; see `partition`."""


def publish(tally: Tally, threshold: int, terms: ProjectTerms = NO_TERMS) -> Publication | None:
    """Return what the thresholds leave of a tally; None if the week's own leaves nothing."""

    def down(count: int, key: int) -> int:
        return count - count % threshold_of(terms, key, threshold)

    reports = tally.reports - tally.reports % threshold
    if not reports:
        return None
    return Publication(
        reports=reports,
        answers={key: down(n, key) for key, n in sorted(tally.answers.items()) if down(n, key)},
        values={
            cell: down(n, cell.key) for cell, n in sorted(tally.values.items()) if down(n, cell.key)
        },
    )


def under(
    publication: Publication, partition: Mapping[tuple[int, str], frozenset[str]]
) -> Publication:
    """Return the same publication with its partition, limited to published keys."""
    apart = {at: releases for at, releases in partition.items() if at[0] in publication.answers}
    return replace(publication, told_apart=apart)
