"""The median range of a count, as far as rounded counts determine it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def ranges(buckets: Sequence[int]) -> tuple[str, ...]:
    """Return buckets as ranges: `(1, 10, 100)` is `0`, `1-9`, `10-99`, `100+`."""
    bounds = (0, *buckets)
    closed = (
        str(low) if high - low == 1 else f"{low}-{high - 1}"
        for low, high in zip(bounds, buckets, strict=False)
    )
    return (*closed, f"{bounds[-1]}+")


def median(published: Sequence[int], answers: int, threshold: int) -> tuple[int, int]:
    """Return the lowest and highest range that can hold the median answer, as indices.

    `published` has a multiple of the threshold for each range in order, or 0 if none was
    published; the first range is never published. The median of n answers is the answer in
    place ceil(n / 2) by size.
    """
    spare = threshold - 1
    low, high = len(published), 0
    for total in range(answers, answers + threshold):
        slack = total - sum(published)
        if slack < 0:
            continue
        # As small as possible: the first range holds all unknown answers.
        low = min(low, _place([slack, *published[1:]], total))
        # As large as possible: the highest ranges hold all answers that were rounded away.
        filled = list(published)
        for index in range(len(filled) - 1, 0, -1):
            extra = min(spare, slack)
            filled[index] += extra
            slack -= extra
        filled[0] = slack
        high = max(high, _place(filled, total))
    return min(low, high), high


def _place(counts: Sequence[int], total: int) -> int:
    half = (total + 1) // 2
    return next(i for i, reached in enumerate(accumulate(counts)) if reached >= half)
