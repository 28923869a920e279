"""What changed for certain from one week to another: shares whose ranges do not overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headcount_server.pages.counts import Share
from headcount_server.pages.distribution import Distribution
from headcount_server.week import Week

NAMED = 3
"""So many values are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier week to compare with."""

    week: Week
    found: Distribution


@dataclass(frozen=True, slots=True)
class Moved:
    """A value whose share is another one for certain, among installations that reported."""

    text: str
    before: Share
    now: Share

    @property
    def rose(self) -> bool:
        """Whether it is more than before."""
        return self.now.lower > self.before.upper

    @property
    def certain(self) -> float:
        """By how many points at least."""
        return max(self.now.lower - self.before.upper, self.before.lower - self.now.upper)


def apart(before: Share, now: Share) -> bool:
    """Return whether two shares differ for certain; without an upper bound only below."""
    rose = before.bounded and now.lower > before.upper
    return rose or (now.bounded and before.lower > now.upper)


def moved(before: Distribution, now: Distribution) -> tuple[Moved, ...]:
    """Return the values whose shares differ for certain, the largest difference first.

    A value that one of the weeks does not name is left out.
    """
    then = {row.value: row.share for row in before.rows}
    found = [
        Moved(row.text, then[row.value], row.share)
        for row in now.rows
        if row.value in then and apart(then[row.value], row.share)
    ]
    return tuple(sorted(found, key=lambda each: (-each.certain, each.text)))


def told(name: str, now: Share, earlier: Earlier | None, before: Share | None) -> Iterator[str]:
    """Say how a share compares with an earlier week; nothing if that week does not tell it."""
    if earlier is None or before is None:
        return
    if not apart(before, now):
        yield (
            f"{name} was {before} in {earlier.week}; the ranges overlap, so whether it rose or"
            " fell cannot be told."
        )
    else:
        verb = "risen" if Moved(name, before, now).rose else "fallen"
        yield f"{name} was {before} in {earlier.week}, so it has {verb} for certain."


def sentences(found: Distribution, earlier: Earlier | None) -> Iterator[str]:
    """Say which values rose and fell for certain since an earlier week."""
    if earlier is None:
        return
    changed = moved(earlier.found, found)
    for verb, its in (
        ("Risen", [each for each in changed if each.rose]),
        ("Fallen", [each for each in changed if not each.rose]),
    ):
        if its:
            named = "; ".join(f"{each.text}, {each.before} to {each.now}" for each in its[:NAMED])
            more = f"; and {len(its) - NAMED} more" if len(its) > NAMED else ""
            yield f"{verb} for certain since {earlier.week}: {named}{more}."
    if not changed:
        yield f"No answer has risen or fallen for certain since {earlier.week}."
