"""The answer to a question: a figure, and sentences that say what it decides.

Every number is a bound that follows from the published numbers of a week alone, like those
of `publication.ranges`. The sentences say what these numbers leave open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from headcount.v1 import options_pb2

from headcount_server.pages import movement
from headcount_server.pages.counts import Share
from headcount_server.pages.distribution import Distribution, Row
from headcount_server.pages.movement import Earlier
from headcount_server.pages.sorting import natural, newest_first, product
from headcount_server.publication.partition import OTHER_RELEASES_TEXT
from headcount_server.publication.ranges import Range
from headcount_server.registry.schema import Key

TOLERATED = 10.0
"""The minimum that is named first leaves out at most this percentage."""
NEWEST = 2
"""Number of a project's releases that count as recent."""
NAMED = 3
"""Most values that a sentence names."""

_VERSION = options_pb2.KEY_TYPE_VERSION
_RELEASE = "version"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a week says about a question."""

    figure: str
    """The number, range or value; empty if too little is known for one."""
    of: str
    """The subject of the figure."""
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Minimum:
    """A version as the oldest one that is still supported."""

    version: str
    kept: Share
    """Answers with this version, a newer one, or one that is not known."""
    lost: Share
    """Answers with an older version, or one that is not known."""


def answer(key: Key, found: Distribution, earlier: Earlier | None) -> Answer:
    """Return the answer to a key in a week, compared with an earlier week."""
    published = [row for row in found.rows if row.count.lower]
    if not published and not found.median:
        return _nothing(found)
    tell = _BY_TYPE.get(key.declaration.type, _of_choice)
    if key.declaration.type == _VERSION and key.name == _RELEASE:
        tell = _of_release
    told = tell(found, earlier)
    return replace(told, sentences=(*told.sentences, *_on_releases(found, key)))


def minimums(found: Distribution) -> tuple[Minimum, ...]:
    """Return every published version as a minimum, the newest first."""
    versions = newest_first(row.value for row in found.rows if row.count.lower)
    return tuple(_minimum(found, version) for version in versions)


def by_product(found: Distribution) -> tuple[tuple[str, Share], ...]:
    """Return the shares of products, each with all its versions, the most frequent first."""
    named: dict[str, set[str]] = {}
    for row in found.rows:
        named.setdefault(product(row.value), set()).add(row.value)
    sums = [(name, found.ranges.together(values)) for name, values in named.items()]
    published = sorted(sums, key=lambda pair: (-pair[1].lower, pair[0]))
    return tuple((name, _share(its)) for name, its in published if its.lower)


def _minimum(found: Distribution, version: str) -> Minimum:
    kept = found.ranges.together(
        [row.value for row in found.rows if natural(row.value) >= natural(version)]
    )
    older = found.ranges.together(
        [row.value for row in found.rows if natural(row.value) < natural(version)]
    )
    return Minimum(version, _share(kept), _share(older))


def _on_releases(found: Distribution, key: Key) -> Iterator[str]:
    """Say on which releases of the project the oldest version runs, or the first answer."""
    crossing = found.crossing
    oldest = key.declaration.type == _VERSION
    rows = [row for row in crossing.rows if any(place.bar for place in row[1])] if crossing else []
    if crossing is None or not rows:
        return
    text, places = rows[-1] if oldest else rows[0]
    cells = [
        (release, place.text)
        for release, place in zip(crossing.releases, places, strict=True)
        if place.bar
    ]
    if any(release != OTHER_RELEASES_TEXT for release, _ in cells):
        told = ", ".join(f"{release} {number}" for release, number in cells)
        yield f"{text} by release of the project: {told}."


def _nothing(found: Distribution) -> Answer:
    sentences = [f"{found.answers} answered. {_too_rare(found)}"]
    sentences += [_alone(row, found) for row in found.rows[:NAMED]]
    return Answer("", "", tuple(sentences))


def _too_rare(found: Distribution) -> str:
    few = f"no answer was given by {found.threshold} or more"
    if found.rest is None:
        return f"{few.capitalize()}, so none has a number."
    return f"{few.capitalize()}, so all are “{found.rest.text}”."


def _of_version(found: Distribution, earlier: Earlier | None) -> Answer:
    oldest = min(found.rows, key=lambda row: natural(row.value))
    chosen = _chosen(minimums(found), oldest)
    sentences = [
        f"{chosen.kept} have {chosen.version} or newer.",
        f"A minimum of {chosen.version} leaves out {_at_most(chosen.lost)}, others included.",
        _alone(oldest, found),
    ]
    before = _minimum(earlier.found, chosen.version).kept if earlier else None
    told = movement.told(f"{chosen.version} or newer", chosen.kept, earlier, before)
    return Answer(str(chosen.kept), f"{chosen.version} or newer", (*sentences, *told))


def _chosen(kept: Sequence[Minimum], oldest: Row) -> Minimum:
    """Return the minimum to name: the highest that leaves out little, but none that keeps all.

    If the oldest version is rare, the question is whether it can go.
    """
    chosen = next((each for each in kept if each.lost.upper <= TOLERATED), kept[-1])
    keeps_all = chosen.version == oldest.value and oldest.share.lower <= TOLERATED
    return kept[-2] if keeps_all and len(kept) > 1 else chosen


def _of_release(found: Distribution, earlier: Earlier | None) -> Answer:
    newest = minimums(found)[:NEWEST]
    last = newest[-1]
    names = " or ".join(each.version for each in newest)
    which = "newest releases that have a number" if len(newest) > 1 else "only one with a number"
    sentences = [f"{last.kept} run {names} or a newer release; these are the {which}."]
    sentences += [f"{_at_most(last.lost).capitalize()} run an older or unknown release."]
    before = earlier and minimums(earlier.found)[:NEWEST]
    if earlier and before:
        then = " or ".join(each.version for each in before)
        sentences.append(f"In {earlier.week} it was {before[-1].kept}, of {then}.")
    return Answer(str(last.kept), names, tuple(sentences))


def _of_product(found: Distribution, earlier: Earlier | None) -> Answer:
    return _of_ranked(
        by_product(found), earlier, lambda then: dict(by_product(then)), ", all versions together"
    )


def _of_choice(found: Distribution, earlier: Earlier | None) -> Answer:
    return _of_ranked(_ranked(found), earlier, lambda then: dict(_ranked(then)), "")


def _of_ranked(
    ranked: Sequence[tuple[str, Share]],
    earlier: Earlier | None,
    then: Callable[[Distribution], dict[str, Share]],
    how: str,
) -> Answer:
    (first, share), *others = ranked
    tied = [name for name, its in others if not its.bounded or its.upper >= share.lower]
    names = [first, *tied[: NAMED - 1]]
    if tied:
        lines = [
            f"{_listed(names)} cannot be told apart: their ranges overlap{how}.",
            *(f"{name}: {its}." for name, its in ranked if name in names),
        ]
    else:
        lines = [f"{share} have {first}{how}, more than any other answer that has a number."]
        lines += [f"Then {name}: {its}." for name, its in others[:1]]
    for name, its in ranked[:2]:
        before = then(earlier.found).get(name) if earlier else None
        lines += movement.told(name, its, earlier, before)
    return Answer(str(share), f"{first}, tied" if tied else first, tuple(lines))


def _of_boolean(found: Distribution, earlier: Earlier | None) -> Answer:
    row = found.rows[0]
    lines = [f"{row.share} of those who answered said yes."]
    lines += [f"No: {found.rest.share}."] if found.rest else []
    before = earlier.found.rows[0].share if earlier and earlier.found.rows else None
    lines += movement.told("Yes", row.share, earlier, before)
    return Answer(str(row.share), "Yes", tuple(lines))


def _of_count(found: Distribution, earlier: Earlier | None) -> Answer:
    rows = [row for row in (*found.rows, found.rest) if row and row.count.lower]
    most = max(rows, key=lambda row: row.count.lower)
    frequent = f"{most.share} answered {most.text}."
    if not found.median:
        return Answer(str(most.share), most.text, (frequent,))
    lines = [f"The median answer is {found.median}.", frequent]
    if earlier and earlier.found.median:
        then = earlier.found.median
        lines.append(
            f"In {earlier.week} the median was {'the same' if then == found.median else then}."
        )
    return Answer(found.median, "median", tuple(lines))


def _of_list(found: Distribution, earlier: Earlier | None) -> Answer:
    ranked = _ranked(found)
    (first, share), *others = ranked
    tied = [name for name, its in others if not its.bounded or its.upper >= share.lower]
    if tied:
        shown = _listed([first, *tied[: NAMED - 1]])
        more = f" and {len(tied) + 1 - NAMED} more" if len(tied) >= NAMED else ""
        lines = [f"Most frequent are {shown}{more}, which cannot be told apart: {share}."]
    else:
        lines = [f"Most frequent is {first}: {share}."]
    return Answer(str(share), first, (*lines, *movement.sentences(found, earlier)))


_BY_TYPE: dict[int, Callable[[Distribution, Earlier | None], Answer]] = {
    options_pb2.KEY_TYPE_BOOLEAN: _of_boolean,
    options_pb2.KEY_TYPE_VERSION: _of_version,
    options_pb2.KEY_TYPE_PRODUCT: _of_product,
    options_pb2.KEY_TYPE_COUNT: _of_count,
    options_pb2.KEY_TYPE_LIST: _of_list,
}


def _ranked(found: Distribution) -> tuple[tuple[str, Share], ...]:
    rows = sorted(found.rows, key=lambda row: (-row.count.lower, row.text))
    return tuple((row.text, row.share) for row in rows if row.count.lower)


def _alone(row: Row, found: Distribution) -> str:
    """Say how many installations gave one answer."""
    return f"{row.text} alone: {row.told} of {found.answers}, {row.share}."


def _at_most(share: Share) -> str:
    """Say the upper bound of a share, rounded up."""
    return str(Share(0.0, share.upper, share.upper / 2)) if share.upper else "nothing"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _share(its: Range) -> Share:
    return Share.between(its.least, its.most)
