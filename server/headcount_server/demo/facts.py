"""Made-up facts: what a simulated site knows, and which part of it may be published.

This module makes both, so that the demonstration can check the published totals
independently of the code that it checks. Well-known keys have ladders of real
versions; every other key gets facts that fit its type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random

from headcount.model.project import Key

LADDERS = {
    "php_version": ("7.4.33", "8.0.30", "8.1.33", "8.2.29", "8.3.27", "8.4.14"),
    "version": ("1.28.5", "1.29.4", "1.30.2", "1.31.1", "1.32.1", "1.33.1", "1.34.2"),
    "install_version": ("1.0.6", "1.12.8", "1.20.5", "1.24.2", "1.27.1", "1.30.0", "1.33.0"),
    "jquery_version": ("1.12.4", "2.2.4", "3.7.1"),
    "ckeditor5_version": ("38.1.1", "40.2.0", "43.3.1", "44.3.0"),
    "MariaDB": ("10.3.39", "10.6.22", "10.11.14", "11.4.8"),
    "MySQL": ("5.7.44", "8.0.43", "8.4.6"),
    "Apache": ("2.4.62",),
    "nginx": ("1.18.0", "1.22.1", "1.26.3"),
}
ANY_LADDER = ("1.0.2", "1.1.0", "1.2.4", "2.0.1", "2.1.0")
WEEKLY_CLIMB = 0.12
"""Steps of its ladder that a version climbs in a week, on average."""
UNDECLARED = 0.06
"""Share of answers that no declaration knows."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What one site knows about one key in one week."""

    reported: object
    """What the site's collector returns, as untidy as on real hosts."""
    published: tuple[str, ...]
    """Texts that may be counted; none if it is a class that is never published."""


def fact(key: Key, site: int, week: int) -> Fact:
    """Return the fact of a site (by number) about a key in a week (by number)."""
    # Seeded by site and key: from week to week a site changes only as it drifts.
    return _BY_TYPE[key.type](key, Random(f"{site}/{key.name}"), week)  # noqa: S311 - made up


def age(first: str, week: str) -> tuple[str, ...]:
    """Return the published age in the report of a week; weeks by ISO label."""
    # By the calendar of the standard library, unlike in the client.
    begin, now = (date.fromisoformat(f"{each}-1") for each in (first, week))
    weeks = (now - begin).days // 7
    for last, text in ((0, "first week"), (3, "2 to 4 weeks"), (23, "5 to 24 weeks")):
        if weeks <= last:
            return (text,)
    return ()


def _boolean(key: Key, chance: Random, week: int) -> Fact:
    share = Random(key.name).uniform(0.1, 0.8) + 0.01 * week  # noqa: S311 - made up
    yes = chance.random() < share
    return Fact(chance.choice([yes, "Yes" if yes else "No"]), ("true",) if yes else ())


def _choice(key: Key, chance: Random, _week: int) -> Fact:
    if chance.random() < UNDECLARED:
        return Fact("something of our own", ())
    value = _likely_first(tuple(key.values), chance)
    return Fact(_spelling(key, value, chance), (value,))


def _product(key: Key, chance: Random, week: int) -> Fact:
    if chance.random() < UNDECLARED:
        return Fact(("HouseBuilt", "3.1"), ())
    value = _likely_first(tuple(key.values), chance)
    full, cut = _version_of(LADDERS.get(value, ANY_LADDER), key.precision, chance, week)
    if chance.random() < UNDECLARED:
        return Fact((value, None), (value,))
    return Fact((value, full), (f"{value} {cut}",))


def _version(key: Key, chance: Random, week: int) -> Fact:
    if chance.random() < UNDECLARED / 3:
        return Fact("unknown", ())
    full, cut = _version_of(LADDERS.get(key.name, ANY_LADDER), key.precision, chance, week)
    return Fact(full, (cut,))


def _count(key: Key, chance: Random, week: int) -> Fact:
    top = 2.5 * key.buckets[-1]
    number = int(top ** chance.random() * (1 + 0.02 * week)) - 1
    # The bucket is found by counting bounds, unlike in client and server.
    passed = [bound for bound in key.buckets if bound <= number]
    if not passed:
        return Fact(number, ())
    if len(passed) == len(key.buckets):
        return Fact(number, (f"{passed[-1]}+",))
    last = key.buckets[len(passed)] - 1
    return Fact(number, (f"{passed[-1]}-{last}" if last > passed[-1] else str(last),))


def _list(key: Key, chance: Random, week: int) -> Fact:
    known = key.catalogue or tuple(key.values)
    ranked = _by_popularity(known)
    # A catalogue has a long tail, a closed list a short one.
    tail = 3 if key.catalogue else len(ranked)
    items = [
        item
        for rank, item in enumerate(ranked)
        if chance.random() < 0.7 / (1 + rank / tail) + 0.005 * week
    ][: key.max_items - 1]
    own = [f"our_client_{chance.randrange(10**6)}"] if chance.random() < UNDECLARED * 4 else []
    return Fact([*items, *own], tuple(sorted(items)))


def _text(key: Key, chance: Random, week: int) -> Fact:
    full, _ = _version_of(LADDERS.get(key.name, ANY_LADDER), 1, chance, week)
    text = full.partition("-")[0]
    return Fact(text, (text,))


_BY_TYPE: dict[str, Callable[[Key, Random, int], Fact]] = {
    "boolean": _boolean,
    "choice": _choice,
    "version": _version,
    "product": _product,
    "count": _count,
    "list": _list,
    "text": _text,
}


@cache
def _by_popularity(items: Sequence[str]) -> Sequence[str]:
    """Return the items in an order of their own that is the same for all sites."""
    return sorted(items, key=lambda item: Random(item).random())  # noqa: S311 - made up


def _likely_first(values: Sequence[str], chance: Random) -> str:
    return chance.choices(values, [1 / (rank + 1) ** 1.5 for rank in range(len(values))])[0]


def _spelling(key: Key, value: str, chance: Random) -> str:
    return chance.choice([value, *(alias for alias, of in key.aliases.items() if of == value)])


def _version_of(
    ladder: Sequence[str], precision: int, chance: Random, week: int
) -> tuple[str, str]:
    """Return a version as hosts report it, and cut as it is published."""
    # Most are near the top, few far below, and all climb.
    step = int((1 - chance.random() ** 2) * len(ladder) * 0.8 + week * WEEKLY_CLIMB)
    version = ladder[min(step, len(ladder) - 1)]
    suffix = chance.choice(["", "", "-0+deb12u1", "-0ubuntu0.22.04.1"])
    return version + suffix, ".".join(version.split(".")[:precision])
