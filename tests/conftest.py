"""Real server processes for the tests that need one, and what is asked of every test."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path

import pytest
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.prepare import drop
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.claim import Claim
from support import chance, leftovers, mariadb_server, postgres_server
from support.other_day import SLEEP, other_day
from support.postgres_server import empty
from support.server_process import ServerProcess

HEAVY = {Path(__file__).parent / name for name in ("attacks", "e2e")}
"""Folders of attacks, and of journeys of many programs."""
STARTERS = {"App", "HttpDoor", "PostgresServer", "ServerProcess", "installed", "sync_playwright"}
"""What a test file imports that starts servers, databases, browsers or other programs."""
STARTED = {"mariadb", "own", "postgres_server", "running", "serve"}
"""Fixtures that are such a thing."""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark attacks and journeys as heavy, and what starts servers, databases or browsers as slow.

    What starts something begins first: a long file that began last would run while other workers
    have nothing left to do.
    """
    starting = set()
    for item in items:
        if HEAVY & set(item.path.parents):
            item.add_marker("heavy")
        if STARTED & set(item.fixturenames) or STARTERS & vars(item.module).keys():
            item.add_marker("slow")
            starting.add(item.path)
    items.sort(key=lambda item: item.path not in starting)


@pytest.fixture(autouse=True)
def _no_package_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail what asks a package index, unless it is marked."""
    if request.node.get_closest_marker("index") is None:
        monkeypatch.setenv("PIP_NO_INDEX", "1")


pytest_plugins = [
    "support.client_fixtures",
    "support.registry_fixtures",
    "support.server_fixtures",
]
chance.settle()
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # by a shell that runs us in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/registry/golden/*/expected anew"
    )


def pytest_report_header() -> str:
    return f"chance: HEADCOUNT_SEED={chance.SEED}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with each failure how to repeat what chance brought."""
    report = yield
    if report.failed:
        report.sections.append(("chance", f"HEADCOUNT_SEED={chance.SEED}"))
    return report


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Whatever a module starts ends with it; as the first of its fixtures this ends last."""
    with leftovers.none():
        yield


@pytest.fixture(name="open_path")
def _open_path() -> Iterator[Path]:
    """A directory that other users can walk to; pytest closes its own to them, at any start."""
    with tempfile.TemporaryDirectory(prefix="headcount-") as place:
        path = Path(place)
        path.chmod(0o755)
        yield path


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start servers: `serve(registry, *flags, clock=moment)`; all are killed at the end."""
    started: list[ServerProcess] = []

    def serve(registry: Path, *flags: str, clock: datetime) -> ServerProcess:
        directory = tmp_path / f"server-{len(started)}"
        directory.mkdir()
        server = ServerProcess(registry, directory, clock, flags)
        started.append(server)
        server.start()
        return server

    yield serve
    for server in started:
        if server.process is not None:
            with suppress(OSError):
                server.kill()


@pytest.fixture(scope="session", name="postgres_server")
def _postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL database that tests may empty: the one named, or one of our own."""
    named = os.environ.get(postgres_server.NAMED)
    if named:
        yield named
        return
    with ExitStack() as stack:
        with leftovers.lasting():
            server = stack.enter_context(postgres_server.running())
        yield server.url()


@pytest.fixture(scope="session", name="mariadb")
def _mariadb() -> Iterator[mariadb_server.MariadbServer]:
    """A MariaDB server of the session; a test that ends it starts it again."""
    with ExitStack() as stack:
        with leftovers.lasting():
            server = stack.enter_context(mariadb_server.running())
        yield server


@pytest.fixture(scope="module", name="own")
def _own() -> Iterator[postgres_server.PostgresServer]:
    """A PostgreSQL server of our own, whose programs and files are at hand."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture(name="postgres_url")
def _postgres_url(postgres_server: str) -> PostgresUrl:
    """A PostgreSQL database without anything of ours."""
    url = PostgresUrl(postgres_server)
    with connected(url) as connection:
        drop(connection)
    return url


@pytest.fixture(name="emptied_url")
def _emptied_url(postgres_server: str) -> PostgresUrl:
    """A PostgreSQL database whose tables of ours, if there are any, are empty."""
    url = PostgresUrl(postgres_server)
    with connected(url) as connection:
        empty(connection)
    return url


@pytest.fixture(name="copies_run")
def _copies_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let copies of one database run at once, which stand for one disk at several times."""
    monkeypatch.setattr(Claim, "take_name", lambda *_: None)


@pytest.fixture(name="clean_environment")
def _clean_environment() -> dict[str, str]:
    """What a person's shell has, none of what a CI sets, and the clock of `other_days`."""
    person = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    shifted = other_day()
    return shifted | person | ({"PYTHONPATH": str(SLEEP)} if shifted else {})
