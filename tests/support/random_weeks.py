"""Weeks of a registry whose sites answer everything at random, always in the same way."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from headcount.v1 import options_pb2
from headcount_server.counting.answers import Answer, Answers
from headcount_server.pages.median import ranges
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Key, Project, Schema
from headcount_server.store.contract import Entry
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week

WEEKS = tuple(Week(2026, number) for number in (44, 45, 46))
SITES = 60


def live(database: Path, known: Schema, weeks: Iterable[Week] = WEEKS, sites: int = SITES) -> None:
    """Let sites live through these weeks, and close them."""
    chance = random.Random(6)  # noqa: S311 - no secret
    store = SqliteStore(database)
    for week in weeks:
        terms = Terms(5, week.end + timedelta(days=2))
        store.open_week(week, terms, known)
        store.count(
            [
                Entry(week, project, number.to_bytes(16), _answers(project, chance))
                for project in known.projects.values()
                for number in range(sites)
            ]
        )
        store.close_week(week, terms.closes)
    store.close()


def _answers(project: Project, chance: random.Random) -> Answers:
    given = tuple(Answer(key.number, _values(key, chance)) for key in project.keys.values())
    release = next(
        (a.values[0] for a in given if a.key == project.version_key and a.values), "other"
    )
    return Answers(given, (), release)


def _values(key: Key, chance: random.Random) -> tuple[str, ...]:
    texts = sorted(key.catalogue) or list(key.values.values())
    version = chance.choice(("1.9", "1.10", "2.0"))
    match key.declaration.type:
        case options_pb2.KEY_TYPE_BOOLEAN:
            return chance.choice((("true",), ()))
        case options_pb2.KEY_TYPE_COUNT:
            named = ranges(key.declaration.buckets)
            return chance.choice([(), *((name,) for name in named[1:])])
        case options_pb2.KEY_TYPE_LIST:
            return tuple(sorted(chance.sample(texts[:60], min(12, len(texts)))))
        case options_pb2.KEY_TYPE_PRODUCT:
            return (f"{chance.choice(texts)} {version}",)
        case options_pb2.KEY_TYPE_CHOICE:
            return (chance.choice(texts),)
    return (version,)
