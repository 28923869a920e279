"""A real Chromium, and a server of the real registry with three published weeks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.pages.operator import Operator
from headcount_server.registry import schema
from headcount_server.store.sqlite.database import SqliteDatabase
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from support.random_weeks import live
from support.released_registry import released
from support.repository import REGISTRY

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
            # Chromium spins under libfaketime; see tests/other_days.
            env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", name="serve")
def _serve(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], AbstractContextManager[str]]:
    """Serve a registry with published weeks; yield the address of the index."""

    @contextmanager
    def serve(registry: Path) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("face")
        clock, database = folder / "clock", folder / "headcount.db"
        clock.write_text("2026-11-19T12:00:00Z", encoding="ascii")
        live(database, schema.load(registry))
        config = Config(
            registry=registry,
            database=SqliteDatabase(database),
            grpc=DOOR,
            public=DOOR,
            operations=DOOR,
            operator=Operator(languages=("en", "de", "es")),
        )
        with App(config, FileClock(clock)) as app:
            yield f"http://{app.public}/"

    return serve


@pytest.fixture(scope="module", name="index")
def _index(
    serve: Callable[[Path], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Of the registry that we ship, with a history."""
    registry = tmp_path_factory.mktemp("released") / "registry.binpb"
    registry.write_bytes(released(REGISTRY))
    with serve(registry) as index:
        yield index


Scheme = Literal["light", "dark"]
Context = Callable[..., AbstractContextManager[BrowserContext]]


@pytest.fixture(name="context")
def _context(browser: Browser) -> Context:
    """Open a fresh profile of a given width in pixels and color scheme."""

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
