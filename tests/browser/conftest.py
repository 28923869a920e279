"""A real Chromium, and a server of the real registry with three published weeks."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from headcount.v1 import options_pb2
from headcount_server import schema
from headcount_server.answers import Answer, Answers
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Address, Config
from headcount_server.pages.median import ranges
from headcount_server.schema import Key, Project, Schema
from headcount_server.sqlite_store import SqliteStore
from headcount_server.store import Entry, Terms
from headcount_server.week import Week
from playwright.sync_api import Browser, BrowserContext, sync_playwright

REGISTRY = Path(__file__).parents[2] / "registry" / "generated" / "registry.binpb"
WEEKS = tuple(Week(2026, number) for number in (44, 45, 46))
SITES = 60
DOOR = Address("127.0.0.1", 0)


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("these tests drive Chromium: apt-get install chromium (or make test)")
    # No longer than the module: while it lasts, an event loop runs in this thread.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session", name="serve")
def _serve(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], AbstractContextManager[str]]:
    """Serves a registry with published weeks; gives the address of the index."""

    @contextmanager
    def serve(registry: Path) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("face")
        clock, database = folder / "clock", folder / "headcount.db"
        clock.write_text("2026-11-19T12:00:00Z", encoding="ascii")
        live(database, schema.load(registry))
        config = Config(
            registry=registry, database=database, grpc=DOOR, public=DOOR, operations=DOOR
        )
        with App(config, FileClock(clock)) as app:
            yield f"http://{app.public}/"

    return serve


@pytest.fixture(scope="session", name="index")
def _index(serve: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    with serve(REGISTRY) as index:
        yield index


Scheme = Literal["light", "dark"]
Context = Callable[..., AbstractContextManager[BrowserContext]]


@pytest.fixture(name="context")
def _context(browser: Browser) -> Context:
    """Opens a fresh profile of a given width in pixels and color scheme."""

    @contextmanager
    def context(
        width: int = 1280, scheme: Scheme = "light", *, scripts: bool = True
    ) -> Iterator[BrowserContext]:
        opened = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            java_script_enabled=scripts,
        )
        yield opened
        opened.close()

    return context


def live(database: Path, known: Schema) -> None:
    """Let sites answer everything at random, the same way every time, for all weeks."""
    chance = random.Random(6)  # noqa: S311 - no secret
    store = SqliteStore(database)
    for week in WEEKS:
        terms = Terms(5, week.end + timedelta(days=2))
        store.open_week(week, terms, known)
        store.count(
            [
                Entry(week, project, number.to_bytes(16), _answers(project, chance))
                for project in known.projects.values()
                for number in range(SITES)
            ]
        )
        store.close_week(week, terms.closes)
    store.shut()


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
            return tuple(sorted(chance.sample(texts, min(4, len(texts)))))
        case options_pb2.KEY_TYPE_PRODUCT:
            return (f"{chance.choice(texts)} {version}",)
        case options_pb2.KEY_TYPE_CHOICE:
            return (chance.choice(texts),)
    return (version,)
