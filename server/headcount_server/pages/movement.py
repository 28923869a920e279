"""The certain changes from one week to another: shares whose ranges do not overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headcount_server.pages.counts import Share
from headcount_server.pages.distribution import Distribution
from headcount_server.pages.language import marked, say
from headcount_server.week import Week

NAMED = 3
"""Most values that a sentence names."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier week to compare with."""

    week: Week
    found: Distribution


@dataclass(frozen=True, slots=True)
class Moved:
    """A value whose share certainly changed among installations that reported."""

    text: str
    before: Share
    now: Share

    @property
    def rose(self) -> bool:
        """Whether the share is larger than before."""
        return self.now.lower > self.before.upper

    @property
    def certain(self) -> float:
        """The smallest change that is possible, in percentage points."""
        return max(self.now.lower - self.before.upper, self.before.lower - self.now.upper)


def apart(before: Share, now: Share) -> bool:
    """Return whether two shares certainly differ.

    A share without an upper bound can only be certainly larger than another one.
    """
    rose = before.bounded and now.lower > before.upper
    return rose or (now.bounded and before.lower > now.upper)


def moved(before: Distribution, now: Distribution) -> tuple[Moved, ...]:
    """Return the values whose shares certainly differ, the largest difference first.

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
    """Say how a share compares with an earlier week; say nothing if that week has no such share."""
    if earlier is None or before is None:
        return
    if not apart(before, now):
        text = marked(
            "{answer} was {share} in {week}; the ranges overlap, so whether it rose or fell"
            " cannot be told."
        )
    elif Moved(name, before, now).rose:
        text = marked("{answer} was {share} in {week}, so it has risen for certain.")
    else:
        text = marked("{answer} was {share} in {week}, so it has fallen for certain.")
    yield say(text, answer=name, share=before, week=earlier.week)


def sentences(found: Distribution, earlier: Earlier | None) -> Iterator[str]:
    """Say which values certainly rose and fell since an earlier week."""
    if earlier is None:
        return
    changed = moved(earlier.found, found)
    for text, its in (
        (marked("Risen for certain since {week}: {answers}."), [e for e in changed if e.rose]),
        (marked("Fallen for certain since {week}: {answers}."), [e for e in changed if not e.rose]),
    ):
        if its:
            named = [
                say("{answer}, {before} to {now}", answer=e.text, before=e.before, now=e.now)
                for e in its[:NAMED]
            ]
            if len(its) > NAMED:
                named.append(say("and {number} more", number=len(its) - NAMED))
            yield say(text, week=earlier.week, answers="; ".join(named))
    if not changed:
        yield say("No answer has risen or fallen for certain since {week}.", week=earlier.week)
