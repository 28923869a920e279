"""The edges of the rule in one table, equal on both stores, after a move, and by the demo's rule.

Each line of `SCENARIO` is a week: what holds for it, who reports, and what
happens to it. The table is `golden/told_apart.txt`; what the demonstration
expects is computed by `demo.rule`, which shares nothing with `publication`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count as numbers
from pathlib import Path

import pytest
from headcount_server.demo.rule import Conditions, Ruled, rule
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store import copying, corrections
from headcount_server.store.contract import Entry
from headcount_server.store.database import Database
from headcount_server.store.sqlite import backup
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.week import Week
from support.small_weeks import MULTISITE, PHP, VERSION, Site, declared, read
from support.store_place import Place

GOLDEN = Path(__file__).parent / "golden" / "told_apart.txt"
NAMES = {VERSION: "version", PHP: "php_version", MULTISITE: "multisite"}
FIRST = Week(2026, 10)


def of(version: str, php: str, multisite: str = "") -> Site:
    """A site; an empty text is no answer."""
    given = {VERSION: version, PHP: php, MULTISITE: multisite}
    return {key: (text,) for key, text in given.items() if text}


USUAL: tuple[tuple[int, Site], ...] = (
    (20, of("1.0", "8.2")),
    (4, of("1.1", "8.2")),
    (3, of("", "8.2")),
    (7, of("1.0", "8.1")),
)
MULTISITES = tuple((n, {**site, MULTISITE: ("true",)}) for n, site in USUAL)


@dataclass(frozen=True)
class Happening:
    """One week."""

    what: str
    sites: Sequence[tuple[int, Site]] = USUAL
    k: int = 2
    by: tuple[int, ...] = (PHP,)
    own: Mapping[int, int] = field(default_factory=dict)
    without: tuple[int, ...] = ()
    """Keys that the registry no longer has."""
    late: tuple[int, ...] | None = None
    """Keys that are crossed by the registry that comes in the middle of the week."""
    retracted: tuple[int, ...] = ()
    """Keys that are taken down once the week is published."""
    later: tuple[int, int] | None = None
    """What is taken down after its close from another week: a key, and so many weeks before."""
    overdue: bool = False
    """Whether it is closed together with the next week only."""


SCENARIO = (
    Happening("the first week has no history"),
    Happening("nothing was published as this week opened, so nothing has a place"),
    Happening("the largest release enters"),
    Happening("a gap", sites=()),
    Happening("history is older than the gap", retracted=(PHP,)),
    Happening("the key was retracted in the source week"),
    Happening("it enters again", k=3),
    Happening("k changed between two weeks", k=2),
    Happening("too small to stay", sites=((3, of("1.0", "8.2")), (30, of("1.1", "8.2")))),
    Happening("one leaves, one enters", sites=((9, of("1.0", "8.2")), (30, of("1.1", "8.2")))),
    Happening("a value without a published cell", sites=((1, of("1.1", "8.2")), *USUAL[3:])),
    Happening("has no history", late=()),
    Happening("the key was uncrossed within the source week"),
    Happening("crossed again", retracted=(VERSION,)),
    Happening("version was retracted in the source week"),
    Happening("a threshold of its own", own={VERSION: 3, PHP: 5}),
    Happening("and none again"),
    Happening("an answer that nobody crosses", sites=MULTISITES),
    Happening("newly crossed", sites=MULTISITES, by=(PHP, MULTISITE)),
    Happening("enters", sites=MULTISITES, by=(PHP, MULTISITE)),
    Happening("a retired key", by=(PHP,), without=(MULTISITE,)),
    Happening("a key that came back", sites=MULTISITES, by=(PHP, MULTISITE)),
    Happening("one of two weeks closed together", overdue=True),
    Happening("the other of them"),
    Happening("version is too rare", sites=((30, of("", "8.2")),)),
    Happening("has no history either"),
    Happening("a release nobody knew", sites=(*USUAL, (40, of("2.0", "8.2")))),
    Happening("has no place yet", sites=(*USUAL, (40, of("2.0", "8.2")))),
    Happening("and now it has", sites=(*USUAL, (40, of("2.0", "8.2")))),
    Happening("its releases are summed up as an older week is retracted", later=(PHP, 2)),
    Happening("a week that was summed up is no history"),
)
MOVED = 8
"""The week before which the database moves elsewhere."""


def project_of(toy: Project, by: tuple[int, ...], happening: Happening) -> Project:
    """The toy project as the registry declares it then; the crossed key has another name later."""
    found = declared(toy, by, happening.own)
    keys = {n: key for n, key in found.keys.items() if n not in happening.without}
    return replace(found, keys=keys)


class Stores:
    """Weeks on a store."""

    def __init__(self, database: Database, toy_schema: Schema) -> None:
        self._schema = toy_schema
        self._database = database
        self._store = database.open_store()
        self._numbers = numbers()

    def move(self, elsewhere: Callable[[Database], Database]) -> None:
        """Go on with a copy."""
        self._store.close()
        self._database = elsewhere(self._database)
        self._store = self._database.open_store()

    def open(self, week: Week, project: Project, k: int) -> None:
        schema = replace(self._schema, projects={"toy": project})
        self._store.open_week(week, Terms(k, week.end + timedelta(days=2)), schema)

    def count(self, week: Week, project: Project, sites: Sequence[Site]) -> None:
        self._store.count(
            [
                Entry(week, project, next(self._numbers).to_bytes(16), read(project, site))
                for site in sites
            ]
        )

    def close(self, week: Week) -> None:
        self._store.close_week(week, week.end + timedelta(days=2))

    def retract(self, week: Week, key: int) -> None:
        self._store.close()
        corrections.retract(
            self._database,
            project="toy",
            key=NAMES[key],
            week=week,
            reason="golden",
            today=date(2026, 11, 1),
        )
        self._store = self._database.open_store()

    def table(self) -> Iterator[str]:
        """What is published, oldest week first, and ends."""
        weeks = reversed(self._store.published(None, None, 100))
        for (place, happening), week in zip(enumerate(SCENARIO), weeks, strict=True):
            yield f"{place + 1} {happening.what}"
            for project in week.projects:
                publication = project.publication
                found: dict[tuple[str, ...], int] = {(): publication.reports}
                found |= {(NAMES[key],): n for key, n in publication.answers.items()}
                found |= {
                    (NAMES[c.key], c.value, c.release): n for c, n in publication.values.items()
                }
                apart = [
                    (NAMES[key], value, release)
                    for (key, value), releases in publication.told_apart.items()
                    for release in releases
                ]
                yield from _lines(found, apart)
        self._store.close()


def _lines(found: Mapping[tuple[str, ...], int], apart: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for what, n in sorted(found.items()):
        yield f"  {' '.join(part or 'rest' for part in what) or 'reports'}: {n}"
    for key, value, release in sorted(apart):
        yield f"  {key} {value} told apart: {release}"


def live(stores: Stores, toy: Project, elsewhere: Callable[[Database], Database]) -> list[str]:
    """The table of a store."""
    week = FIRST
    due: list[tuple[Week, Happening]] = []
    for place, happening in enumerate(SCENARIO):
        if place == MOVED:
            stores.move(elsewhere)
        project = project_of(toy, happening.by, happening)
        stores.open(week, project, happening.k)
        if not (place and SCENARIO[place - 1].overdue):
            _close(stores, due)
        sites = [site for n, site in happening.sites for _ in range(n)]
        half = len(sites) // 2 if happening.late is not None else len(sites)
        stores.count(week, project, sites[:half])
        if happening.late is not None:
            later = project_of(toy, happening.late, happening)
            stores.open(week, later, happening.k)
            stores.count(week, later, sites[half:])
        due.append((week, happening))
        week = week.next()
    _close(stores, due)
    return list(stores.table())


def _close(stores: Stores, due: list[tuple[Week, Happening]]) -> None:
    for week, happening in due:
        stores.close(week)
        for key in happening.retracted:
            stores.retract(week, key)
        if happening.later:
            key, weeks = happening.later
            stores.retract(Week.of(week.start - timedelta(weeks=weeks)), key)
    due.clear()


def ruled() -> Iterator[str]:
    """The table by the demo's rule."""
    published: list[Ruled | None] = []
    for place, happening in enumerate(SCENARIO):
        # As a week opens, the one before is not closed; one that is overdue neither.
        behind = 2 if place > 1 and SCENARIO[place - 2].overdue else 1
        shown = [each for each in published[: max(0, place - behind)] if each is not None]
        known = {
            what[1]
            for each in shown[-4:]
            for what in each.numbers
            if what[1:] and what[0] == "version"
        }
        by = happening.by if happening.late is None else happening.late
        crossed = {NAMES[key] for key in by}
        own = {NAMES[key]: n for key, n in happening.own.items()}
        true: Counter[tuple[str, ...]] = Counter()
        for n, site in happening.sites:
            true[()] += n
            release = site.get(VERSION, ("other",))[0]
            for key, texts in site.items():
                true[(NAMES[key],)] += n
                true[NAMES[key], texts[0], release if NAMES[key] in crossed else ""] += n
        past = [each for each in published if each is not None]
        found = rule(true, Conditions(happening.k, own, crossed), past, known)
        keys = [NAMES[key] for key in happening.retracted]
        published.append(found.without(*keys) if found and keys else found)
        if happening.later:
            key, weeks = happening.later
            for at, each in enumerate(published[-weeks - 1 :], start=len(published) - weeks - 1):
                if each:
                    first = at == len(published) - weeks - 1
                    published[at] = each.without(NAMES[key]) if first else each.folded(NAMES[key])
    for (place, happening), each in zip(enumerate(SCENARIO), published, strict=True):
        yield f"{place + 1} {happening.what}"
        if each is not None:
            yield from _lines(each.numbers, list(each.apart))


def golden() -> list[str]:
    return GOLDEN.read_text(encoding="utf-8").splitlines()


def test_the_demos_rule_gives_the_table() -> None:
    assert list(ruled()) == golden()


@pytest.mark.slow
def test_every_store_gives_the_table(place: Place, toy: Project, toy_schema: Schema) -> None:
    found = live(Stores(place.database, toy_schema), toy, lambda database: database)
    assert found == golden()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["copied", "restored"])
def test_a_store_that_moved_gives_the_table(
    tmp_path: Path, toy: Project, toy_schema: Schema, way: str
) -> None:
    def elsewhere(database: Database) -> Database:
        there = SqliteDatabase(tmp_path / "there.db")
        if way == "copied":
            copying.copy(database, there)
        else:
            backup.back_up(tmp_path / "here.db", tmp_path / "backup.db", open_weeks=True)
            backup.restore(tmp_path / "backup.db", there.path, FIRST.end, None)
        return there

    stores = Stores(SqliteDatabase(tmp_path / "here.db"), toy_schema)
    assert live(stores, toy, elsewhere) == golden()


@pytest.mark.parametrize("way", ["to postgresql", "from postgresql"])
@pytest.mark.slow
def test_a_store_that_moved_between_the_engines_gives_the_table(
    tmp_path: Path, place: Place, toy: Project, toy_schema: Schema, way: str
) -> None:
    here, there = place.database, SqliteDatabase(tmp_path / "there.db")
    if way == "to postgresql":
        here, there = there, place.database  # type: ignore[assignment] # either way round

    def elsewhere(database: Database) -> Database:
        copying.copy(database, there)
        return there

    assert live(Stores(here, toy_schema), toy, elsewhere) == golden()
