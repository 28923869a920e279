"""Whole servers on one PostgreSQL database, and the demonstration on it."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.store.postgres.connections import connected
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.url import PostgresUrl
from support.repository import ROOT
from support.toy_weeks import command, submit
from support.waiting import until

pytestmark = pytest.mark.heavy


@pytest.fixture(name="apps")
def _apps(emptied_url: PostgresUrl, config: Config, clock_file: Path) -> Iterator[list[App]]:
    """Two servers on the same database and clock."""
    shared = replace(config, database=PostgresDatabase(emptied_url))
    with ExitStack() as running:
        yield [running.enter_context(App(shared, FileClock(clock_file))) for _ in range(2)]


def _metrics(address: Address) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        text: bytes = response.read()
    return text.decode()


def test_two_servers_count_together_and_both_show_what_one_of_them_closed(
    apps: list[App], said: Callable[..., bytes], clock_file: Path
) -> None:
    report = said(php_version={"value": "8.2"})
    first, second = apps
    submit(first, report, range(8))
    submit(second, report, range(4, 12))
    clock_file.write_text("2026-11-25T00:00:01Z", encoding="ascii")
    first.weeks.advance()
    line = 'headcount_toy_php_version_by_version_reports{value="8.2",version="other releases"} 10.0'
    until(lambda: line in _metrics(second.public), told=lambda: _metrics(second.public))
    assert _metrics(first.public) == _metrics(second.public)


def test_the_demonstration_runs_on_postgresql_and_replaces_only_its_own(
    emptied_url: PostgresUrl,
) -> None:
    with connected(emptied_url) as connection:
        connection.execute("DROP SCHEMA headcount, headcount_open, headcount_secret CASCADE")
    ports = [
        flag for door in ("grpc", "public", "operations") for flag in (f"--{door}", "127.0.0.1:0")
    ]
    flags = ["--sites", "12", "--weeks", "2", "--exit", *ports]
    generated = ("--generated", ROOT / "registry" / "generated")
    for _ in range(2):
        result = command("demo", "--database", emptied_url, *flags, *generated)
        assert result.exit_code == 0, result.output
        assert "Every published total is what the sites agreed to send." in result.output
    with connected(emptied_url) as connection:
        connection.execute("COMMENT ON SCHEMA headcount IS NULL")
    refused = command("demo", "--database", emptied_url, *flags, *generated)
    assert refused.exit_code == 1
    assert "are no demonstration's; name another database" in refused.output
