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
from headcount_server.pages.language import marked, say
from headcount_server.pages.movement import Earlier
from headcount_server.pages.sorting import natural, newest_first, product
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
    if any(release != say("other releases") for release, _ in cells):
        told = ", ".join(f"{release} {number}" for release, number in cells)
        yield say("{answer} by release of the project: {told}.", answer=text, told=told)


def _nothing(found: Distribution) -> Answer:
    sentences = [f"{say('{number} answered.', number=found.answers)} {_too_rare(found)}"]
    sentences += [_alone(row, found) for row in found.rows[:NAMED]]
    return Answer("", "", tuple(sentences))


def _too_rare(found: Distribution) -> str:
    if found.rest is None:
        text = marked("No answer was given by {threshold} or more, so none has a number.")
        return say(text, threshold=found.threshold)
    text = marked("No answer was given by {threshold} or more, so all are “{rest}”.")
    return say(text, threshold=found.threshold, rest=found.rest.text)


def _of_version(found: Distribution, earlier: Earlier | None) -> Answer:
    oldest = min(found.rows, key=lambda row: natural(row.value))
    chosen = _chosen(minimums(found), oldest)
    minimum = marked("A minimum of {version} leaves out {share}, others included.")
    sentences = [
        say("{share} have {version} or newer.", share=chosen.kept, version=chosen.version),
        say(minimum, version=chosen.version, share=_at_most(chosen.lost)),
        _alone(oldest, found),
    ]
    before = _minimum(earlier.found, chosen.version).kept if earlier else None
    newer = say("{version} or newer", version=chosen.version)
    told = movement.told(newer, chosen.kept, earlier, before)
    return Answer(str(chosen.kept), newer, (*sentences, *told))


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
    names = _either(newest)
    several = marked(
        "{share} run {releases} or a newer release; these are the newest releases that have a"
        " number."
    )
    single = marked(
        "{share} run {releases} or a newer release; these are the only one with a number."
    )
    sentences = [say(several if len(newest) > 1 else single, share=last.kept, releases=names)]
    older = say("{share} run an older or unknown release.", share=_at_most(last.lost))
    sentences += [older[0].upper() + older[1:]]
    before = earlier and minimums(earlier.found)[:NEWEST]
    if earlier and before:
        then, text = _either(before), marked("In {week} it was {share}, of {releases}.")
        sentences.append(say(text, week=earlier.week, share=before[-1].kept, releases=then))
    return Answer(str(last.kept), names, tuple(sentences))


def _of_product(found: Distribution, earlier: Earlier | None) -> Answer:
    return _of_ranked(
        by_product(found), earlier, lambda then: dict(by_product(then)), together=True
    )


def _of_choice(found: Distribution, earlier: Earlier | None) -> Answer:
    return _of_ranked(_ranked(found), earlier, lambda then: dict(_ranked(then)), together=False)


def _of_ranked(
    ranked: Sequence[tuple[str, Share]],
    earlier: Earlier | None,
    then: Callable[[Distribution], dict[str, Share]],
    *,
    together: bool,
) -> Answer:
    (first, share), *others = ranked
    tied = [name for name, its in others if not its.bounded or its.upper >= share.lower]
    names = [first, *tied[: NAMED - 1]]
    if tied:
        text = marked("{answers} cannot be told apart: their ranges overlap.")
        if together:
            text = marked(
                "{answers} cannot be told apart: their ranges overlap, all versions together."
            )
        lines = [
            say(text, answers=_listed(names)),
            *(
                say("{answer}: {share}.", answer=name, share=its)
                for name, its in ranked
                if name in names
            ),
        ]
    else:
        text = marked("{share} have {answer}, more than any other answer that has a number.")
        if together:
            text = marked(
                "{share} have {answer}, all versions together, more than any other answer that"
                " has a number."
            )
        lines = [say(text, share=share, answer=first)]
        lines += [
            say("Then {answer}: {share}.", answer=name, share=its) for name, its in others[:1]
        ]
    for name, its in ranked[:2]:
        before = then(earlier.found).get(name) if earlier else None
        lines += movement.told(name, its, earlier, before)
    of = say("{answer}, tied", answer=first) if tied else first
    return Answer(str(share), of, tuple(lines))


def _of_boolean(found: Distribution, earlier: Earlier | None) -> Answer:
    row = found.rows[0]
    lines = [say("{share} of those who answered said yes.", share=row.share)]
    lines += [say("No: {share}.", share=found.rest.share)] if found.rest else []
    before = earlier.found.rows[0].share if earlier and earlier.found.rows else None
    lines += movement.told(say("Yes"), row.share, earlier, before)
    return Answer(str(row.share), say("Yes"), tuple(lines))


def _of_count(found: Distribution, earlier: Earlier | None) -> Answer:
    rows = [row for row in (*found.rows, found.rest) if row and row.count.lower]
    most = max(rows, key=lambda row: row.count.lower)
    frequent = say("{share} answered {answer}.", share=most.share, answer=most.text)
    if not found.median:
        return Answer(str(most.share), most.text, (frequent,))
    lines = [say("The median answer is {median}.", median=found.median), frequent]
    if earlier and earlier.found.median:
        then = earlier.found.median
        same, other = (
            marked("In {week} the median was the same."),
            marked("In {week} the median was {median}."),
        )
        lines.append(say(same if then == found.median else other, week=earlier.week, median=then))
    return Answer(found.median, say("median"), tuple(lines))


def _of_list(found: Distribution, earlier: Earlier | None) -> Answer:
    ranked = _ranked(found)
    (first, share), *others = ranked
    tied = [name for name, its in others if not its.bounded or its.upper >= share.lower]
    if tied:
        shown, more = _listed([first, *tied[: NAMED - 1]]), len(tied) + 1 - NAMED
        text = marked("Most frequent are {answers}, which cannot be told apart: {share}.")
        if more > 0:
            text = marked(
                "Most frequent are {answers} and {more} more, which cannot be told apart: {share}."
            )
        lines = [say(text, answers=shown, more=more, share=share)]
    else:
        lines = [say("Most frequent is {answer}: {share}.", answer=first, share=share)]
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
    text = marked("{answer} alone: {number} of {answers}, {share}.")
    return say(text, answer=row.text, number=row.told, answers=found.answers, share=row.share)


def _at_most(share: Share) -> str:
    """Say the upper bound of a share, rounded up."""
    return str(Share(0.0, share.upper, share.upper / 2)) if share.upper else say("nothing")


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return say("{before} and {last}", before=", ".join(names[:-1]), last=names[-1])


def _either(minimums: Sequence[Minimum]) -> str:
    """Return one or two releases as alternatives."""
    names = [each.version for each in minimums]
    if len(names) == 1:
        return names[0]
    return say("{before} or {last}", before=", ".join(names[:-1]), last=names[-1])


def _share(its: Range) -> Share:
    return Share.between(its.least, its.most)
