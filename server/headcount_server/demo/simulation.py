"""The simulation: sites come to life, and weeks go by until all are closed."""

from __future__ import annotations

import heapq
import importlib.util
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import ModuleType

from headcount_server.app import App
from headcount_server.demo.clock import SimulatedClock
from headcount_server.demo.installation import Owner, Site, World
from headcount_server.demo.ledger import Ledger
from headcount_server.errors import ConfigError
from headcount_server.week import Week

HOUR, DAY = 3600.0, 86400.0
NEVER = float("inf")
SEED = "headcount"
FURTHER_PROJECT = 0.4
"""Share of sites that also run a project other than the first."""
REFUSING = 0.1
"""Share of owners who refuse single keys."""
WITHDRAWING = 0.04
"""Share of owners who say no later."""
CLONED = 0.05
"""Share of sites that get a clone."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at a simulated moment (unix seconds)."""

    at: float
    happen: Callable[[], None]


def packages(clients: Path) -> tuple[ModuleType, ...]:
    """Return the generated client packages of a directory, the one with most keys first.

    Raises ConfigError if there is none.
    """
    found = [_imported(init) for init in sorted(clients.glob("*_telemetry/__init__.py"))]
    if not found:
        msg = f"{clients}: no generated client packages; make them with headcount-registry build"
        raise ConfigError(msg)
    return tuple(sorted(found, key=lambda package: -len(package.PROJECT.keys)))


def _imported(init: Path) -> ModuleType:
    name = init.parent.name
    spec = importlib.util.spec_from_file_location(
        name, init, submodule_search_locations=[str(init.parent)]
    )
    if spec is None or spec.loader is None:
        msg = f"{init}: cannot be imported"
        raise ConfigError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Simulation:
    """So many sites over so many weeks, of which the last is closed at `now`."""

    def __init__(self, *, sites: int, weeks: int, grace: timedelta, now: datetime) -> None:
        last = Week.of(now).previous()
        if last.end + grace > now:
            last = last.previous()
        self.weeks = list(reversed(list(itertools.islice(_backwards(last), weeks))))
        self.clock = SimulatedClock(self.weeks[0].start)
        self.ledger = Ledger()
        self._sites = sites
        self._begin = self.weeks[0].start.timestamp()
        self._end = self.weeks[-1].end.timestamp()
        self.grace = grace

    def live(self, app: App, clients: Sequence[ModuleType], directory: Path) -> Iterator[Week]:
        """Let it happen; yields every week as it ends.

        At the end all weeks are closed and the clock tells the real time.
        """
        world = World(
            endpoint=f"grpc://{app.grpc}",
            packages=tuple(clients),
            ledger=self.ledger,
            clock=self.clock.unix,
            week=self._week_number,
            directory=directory,
        )
        coming = itertools.chain.from_iterable(
            self._life(number, world) for number in range(self._sites)
        )
        closes = (Event((w.end + self.grace).timestamp(), app.weeks.advance) for w in self.weeks)
        opens = (Event(w.start.timestamp(), app.weeks.advance) for w in self.weeks)
        order = itertools.count()
        agenda = [(e.at, next(order), e.happen) for e in itertools.chain(opens, coming, closes)]
        heapq.heapify(agenda)
        for week in self.weeks:
            while agenda and agenda[0][0] < week.end.timestamp():
                self._happen(*heapq.heappop(agenda))
            yield week
        while agenda:
            self._happen(*heapq.heappop(agenda))
        self.clock.release()
        app.weeks.advance()

    def _happen(self, at: float, _order: int, happen: Callable[[], None]) -> None:
        self.clock.set(datetime.fromtimestamp(at, UTC))
        happen()

    def _week_number(self) -> int:
        return int((self.clock.unix() - self._begin) // (7 * DAY))

    def _life(self, number: int, world: World) -> Iterator[Event]:
        chance = Random(f"{SEED}/{number}")  # noqa: S311 - made up
        main, *further = world.packages
        site = Site(
            number=number,
            identity=number,
            owner=self._owner(world, chance),
            packages=(main, *(p for p in further if chance.random() < FURTHER_PROJECT)),
            world=world,
            chance=chance,
        )
        yield Event(site.owner.at, site.answer)
        yield from self._crons(site, self._begin + chance.random() * 7 * DAY)
        if site.owner.answer == "yes" and site.owner.withdraws_at < self._end:
            yield Event(site.owner.withdraws_at, site.withdraw)
        elif site.owner.answer == "yes" and chance.random() < CLONED:
            yield from self._clone(site, chance)

    def _clone(self, original: Site, chance: Random) -> Iterator[Event]:
        clone = Site(
            number=original.number + self._sites,
            identity=original.identity,
            owner=Owner("", original.owner.at),
            packages=original.packages,
            world=original.world,
            chance=chance,
        )
        copied = original.owner.at + DAY + chance.random() * 14 * DAY
        if copied < self._end:
            yield Event(copied, lambda: clone.become_clone(original))
            yield from self._crons(clone, copied + HOUR)

    def _crons(self, site: Site, first: float) -> Iterator[Event]:
        at = first
        while at < self._end:
            yield Event(at, site.cron)
            at += DAY * site.chance.uniform(0.5, 1.5)

    def _owner(self, world: World, chance: Random) -> Owner:
        names = [key.name for package in world.packages for key in package.PROJECT.keys]
        refuses = chance.random() < REFUSING
        withdraws = chance.random() < WITHDRAWING
        return Owner(
            answer=chance.choices(["yes", "no", ""], [80, 12, 8])[0],
            at=self._begin + chance.random() ** 2 * 21 * DAY,
            level=chance.choice(["basic", "extended", "extended"]),
            refused=frozenset(chance.sample(names, min(3, len(names))) if refuses else ()),
            withdraws_at=self._begin + chance.uniform(28, 56) * DAY if withdraws else NEVER,
        )


def _backwards(week: Week) -> Iterator[Week]:
    while True:
        yield week
        week = week.previous()
