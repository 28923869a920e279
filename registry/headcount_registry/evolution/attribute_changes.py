"""The meaning of a change of each attribute: wider, narrower, or other words.

`breaks` and `asks` are as in `comparison.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from headcount_registry.declarations.model import Level, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headcount_registry.declarations.model import Key, Project

_SHOWN = 5


class Kind(StrEnum):
    """The direction of a change."""

    ADDED = "added"
    RETIRED = "retired"
    RENAMED = "renamed"
    WIDENED = "widened"
    NARROWED = "narrowed"
    REWORDED = "reworded"
    REPLACED = "replaced"


class Breaks(StrEnum):
    """The promise that a change breaks: older clients are understood, or totals are true."""

    NOTHING = ""
    CLIENTS = "clients"
    TOTALS = "totals"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two states of one thing."""

    kind: Kind
    detail: str
    breaks: Breaks = Breaks.NOTHING
    asks: bool = False


def key_differences(old: Key, new: Key) -> Iterator[Difference]:
    """Yield the differences of a key whose type is the same, except those of its values."""
    yield from _level(old, new)
    yield from _precision(old, new)
    yield from _buckets(old, new)
    yield from _max_items(old, new)
    yield from _threshold(old, new)
    yield from _by(old, new)
    yield from _catalogue(old, new)
    yield from _days(old, new)
    if old.purpose != new.purpose:
        yield Difference(Kind.REWORDED, _became("purpose", old.purpose, new.purpose), asks=True)
    for name in ("label", "description", "issue", "owner", "since"):
        if getattr(old, name) != getattr(new, name):
            yield Difference(Kind.REWORDED, _became(name, getattr(old, name), getattr(new, name)))
    if old.aliases != new.aliases:
        yield Difference(Kind.REWORDED, "other spellings (aliases) changed")
    if old.convention != new.convention:
        before, after = (_shared(key) for key in (old, new))
        yield Difference(Kind.REWORDED, _became("convention", before, after))


def value_differences(old: Key, new: Key) -> Iterator[Difference]:
    """Yield the differences of the values of a closed set."""
    before = {value.text: value for value in old.values}
    after = {value.text: value for value in new.values}
    meanings = {each.number: each.name for each in old.retired_values}
    meanings |= {value.number: value.identifier for value in old.values}
    if added := [text for text in after if text not in before]:
        yield Difference(Kind.WIDENED, f"values added: {_listed(added)}", asks=True)
    if gone := [text for text in before if text not in after]:
        yield Difference(
            Kind.NARROWED, f"values retired: {_listed(gone)}; reported, they are `other`"
        )
    for text, value in after.items():
        meant = meanings.get(value.number) if value.number else None
        number = before[text].number if text in before else 0
        if (meant and meant != value.identifier) or (
            number and value.number and number != value.number
        ):
            was = f"meant {meant}" if meant else f"was {number}"
            yield Difference(
                Kind.REPLACED,
                f"value `{text}` has number {value.number}, which {was}; restore registry.lock",
                Breaks.TOTALS,
            )


def project_differences(old: Project, new: Project) -> Iterator[Difference]:
    """Yield the differences of a project's own attributes."""
    for name in ("title", "homepage", "recipient", "contact"):
        if getattr(old, name) != getattr(new, name):
            yield Difference(Kind.REWORDED, _became(name, getattr(old, name), getattr(new, name)))
    if old.ignored != new.ignored:
        yield Difference(Kind.REWORDED, "the keys that are sent and not wanted (ignored) changed")
    if old.endpoint != new.endpoint:
        words = _became("endpoint", old.endpoint, new.endpoint)
        yield Difference(
            Kind.REWORDED, f"{words}; clients already installed go on sending to the old one"
        )
    yield from _relay(old, new)
    if old.mode != new.mode:
        kind = Kind.WIDENED if new.mode is Mode.ON_AFTER_NOTICE else Kind.NARROWED
        yield Difference(kind, _became("mode", old.mode, new.mode))


def _relay(old: Project, new: Project) -> Iterator[Difference]:
    """Yield the changes of the relay; without one, a server meets addresses again."""
    if old.relay != new.relay:
        kind = Kind.REWORDED if old.relay and new.relay else Kind.NARROWED
        yield Difference(
            kind if new.relay else Kind.WIDENED, _became("relay", old.relay, new.relay)
        )
    if old.oblivious_key != new.oblivious_key:
        words = _became("oblivious_key", old.oblivious_key, new.oblivious_key)
        if old.oblivious_key:
            words += (
                "; clients already installed go on sealing to the old one, so a server keeps it"
                " for two years"
            )
        yield Difference(Kind.REWORDED, words)


def _level(old: Key, new: Key) -> Iterator[Difference]:
    if old.level != new.level:
        kind = Kind.WIDENED if new.level is Level.BASIC else Kind.NARROWED
        yield Difference(kind, _became("level", old.level, new.level), asks=True)


def _precision(old: Key, new: Key) -> Iterator[Difference]:
    if old.precision != new.precision:
        finer = new.precision > old.precision
        yield Difference(
            Kind.WIDENED if finer else Kind.NARROWED,
            f"precision {old.precision} became {new.precision}",
            asks=finer,
        )


def _buckets(old: Key, new: Key) -> Iterator[Difference]:
    if old.buckets != new.buckets:
        before, after = (_listed(map(str, key.buckets)) for key in (old, new))
        yield Difference(
            Kind.REPLACED,
            f"bounds {before} became {after}; answers of older clients fall into ranges that"
            f" they were not given in: declare a new key with `formerly = {old.name}` instead",
            Breaks.TOTALS,
            asks=True,
        )


def _max_items(old: Key, new: Key) -> Iterator[Difference]:
    words = f"max_items {old.max_items} became {new.max_items}"
    if new.max_items > old.max_items:
        yield Difference(Kind.WIDENED, words)
    elif new.max_items < old.max_items:
        yield Difference(
            Kind.NARROWED, f"{words}; longer lists of older clients are left out", Breaks.TOTALS
        )


def _threshold(old: Key, new: Key) -> Iterator[Difference]:
    words = f"threshold {old.threshold or 'none'} became {new.threshold or 'none'}"
    if new.threshold < old.threshold:
        yield Difference(Kind.WIDENED, words, asks=True)
    elif new.threshold > old.threshold:
        yield Difference(Kind.NARROWED, words)


def _by(old: Key, new: Key) -> Iterator[Difference]:
    if added := [axis for axis in new.by if axis not in old.by]:
        yield Difference(Kind.WIDENED, f"also counted by {_listed(added)}", asks=True)
    if gone := [axis for axis in old.by if axis not in new.by]:
        yield Difference(Kind.NARROWED, f"no longer counted by {_listed(gone)}")


def _catalogue(old: Key, new: Key) -> Iterator[Difference]:
    if added := sorted(set(new.catalogue) - set(old.catalogue)):
        yield Difference(Kind.WIDENED, f"catalogue: {len(added)} added: {_listed(added)}")
    if gone := sorted(set(old.catalogue) - set(new.catalogue)):
        yield Difference(Kind.NARROWED, f"catalogue: {len(gone)} removed: {_listed(gone)}")


def _days(old: Key, new: Key) -> Iterator[Difference]:
    never = "9999"
    if old.expires != new.expires:
        later = (new.expires or never) > (old.expires or never)
        yield Difference(
            Kind.WIDENED if later else Kind.NARROWED,
            _became("expires", old.expires, new.expires),
        )
    if old.review != new.review:
        yield Difference(Kind.REWORDED, _became("review", old.review, new.review))
    if old.successor != new.successor:
        words = f"replaced by `{new.successor}`" if new.successor else "no longer being replaced"
        yield Difference(Kind.REWORDED, words)


def _shared(key: Key) -> str:
    return f"`{key.convention.name}` {key.convention.version}" if key.convention else ""


def _became(name: str, old: str, new: str) -> str:
    if not old:
        return f"{name}: {new}"
    return f"{name}: {old} -> {new}" if new else f"{name}: {old} -> (nothing)"


def _listed(texts: Iterable[str]) -> str:
    found = list(texts)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(f"`{text}`" for text in found[:_SHOWN]) + more
