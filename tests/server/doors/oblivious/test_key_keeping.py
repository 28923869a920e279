"""A key is kept while a release that names it is younger than two years, and its lack is told."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from headcount_server.app import App
from headcount_server.cli import main
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.oblivious import key_file
from headcount_server.store.sqlite.database import SqliteDatabase
from support.repository import REGISTRY
from support.workbench import Bench

TEXT = """\
headcount[homepage] = https://example.org
headcount[recipient] = The toy makers
headcount[contact] = toys@example.org
headcount[endpoint] = https://telemetry.example.org
telemetry[good][type] = boolean
telemetry[good][label] = Good
telemetry[good][description] = Whether it is good.
telemetry[good][purpose] = Decide whether to mend it.
telemetry[good][issue] = https://example.org/issues/1
"""
TODAY = datetime.now(UTC).date()
TWO_YEARS = 732, 728
"""Days that are at least two years, and that are fewer, even if midnight comes meanwhile."""
CLOCK = f"{TODAY}T12:00:00Z"


class Keys:
    """A server's keys, and a registry that pins one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bench = Bench(folder)
        self.database = folder / "headcount.db"
        self.registry = self.bench.out / "registry.binpb"

    def made(self, name: str, number: int) -> Path:
        path = self.folder / name
        key_file.create(path, number, bytes([number]) * 32, "2026-11-19")
        return path

    def pinned(self, key: Path) -> str:
        return b64encode(key_file.read("", key).configuration).decode()

    def declare(self, key: Path | None) -> None:
        lines = ""
        if key:
            lines = "headcount[relay] = https://relay.example.net\n"
            lines += f"headcount[oblivious_key] = {self.pinned(key)}\n"
        self.bench.write("toy.info", lines + TEXT)
        self.bench.build()

    def release(self, name: str, day: date) -> None:
        where = str(self.bench.declarations)
        done = self.bench.run("release", where, "--name", name, "--date", day.isoformat())
        assert done.exit_code == 0, done.output
        done = self.bench.run(
            "build", where, "--out", str(self.bench.out),
            "--changes", str(self.folder / "changes.md"),
        )  # fmt: skip
        assert done.exit_code == 0, done.output

    def run(self, *arguments: str | Path) -> Result:
        told = ["oblivious-key", *map(str, arguments)]
        told += [f"--registry={self.registry}", f"--database={self.database}"]
        return CliRunner().invoke(main, told)

    def start(self, config: Config, clock: Path, *keys: Path) -> None:
        """Start a server, which opens its weeks, and end it."""
        told = replace(
            config,
            registry=self.registry,
            database=SqliteDatabase(self.database),
            oblivious_keys=keys,
        )
        with App(told, FileClock(clock)):
            pass


@pytest.fixture(name="keys")
def _keys(tmp_path: Path, clock_file: Path) -> Keys:
    clock_file.write_text(CLOCK, encoding="ascii")
    return Keys(tmp_path)


@pytest.fixture(name="served")
def _served(keys: Keys, config: Config, clock_file: Path) -> Callable[..., None]:
    return lambda *held: keys.start(config, clock_file, *held)


def _warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [each for each in caplog.records if "--oblivious-key" in each.getMessage()]
    assert all(each.levelno == logging.WARNING for each in found)
    return [each.getMessage() for each in found]


@pytest.mark.slow
@pytest.mark.parametrize(("days", "kept"), [(TWO_YEARS[0], False), (TWO_YEARS[1], True)])
def test_a_replaced_key_is_removed_only_when_its_last_release_is_two_years_old(
    keys: Keys, served: Callable[..., None], days: int, *, kept: bool
) -> None:
    old, new = keys.made("old.key", 1), keys.made("new.key", 2)
    keys.declare(old)
    keys.release("1.0", date(2020, 1, 1))
    keys.declare(new)
    replaced = TODAY - timedelta(days=days)
    keys.release("1.1", replaced)
    served(new)
    listed = keys.run("list", new, old)
    assert f"{new}: key 2, needed: the registry in force pins it for `toy`" in listed.output
    removed = keys.run("remove", old)
    assert (removed.exit_code, old.exists()) == (int(kept), kept)
    if kept:
        assert f"release 1.1 of {replaced} replaced it for `toy`" in removed.output
        assert f"release 1.1 of {replaced}" in listed.output
    else:
        assert f"{old}: key 1, needed by nothing" in listed.output
    refused = keys.run("remove", new)
    assert refused.exit_code == 1
    assert f"since release 1.1 of {replaced}" in refused.output
    assert new.exists()


@pytest.mark.slow
def test_the_start_warns_of_a_key_in_force_and_of_a_younger_one_that_are_not_there(
    keys: Keys, served: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    old, new = keys.made("old.key", 1), keys.made("new.key", 2)
    keys.declare(old)
    keys.release("1.0", date(2020, 1, 1))
    served(old)
    assert _warned(caplog) == []
    keys.declare(new)
    keys.release("1.1", TODAY)
    served(new, old)
    assert _warned(caplog) == []
    served(old)
    (warned,) = _warned(caplog)
    assert keys.pinned(new) in warned
    assert f"since release 1.1 of {TODAY}" in warned
    caplog.clear()
    served(new)
    (warned,) = _warned(caplog)
    assert keys.pinned(old) in warned
    assert "Reports sealed to it are refused until" in warned
    caplog.clear()
    served()
    assert len(_warned(caplog)) == 2


@pytest.mark.slow
def test_a_key_that_only_the_database_remembers_is_kept_too(
    keys: Keys, served: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    key = keys.made("only.key", 3)
    keys.declare(key)
    served(key)
    keys.registry.write_bytes(REGISTRY.read_bytes())
    removed = keys.run("remove", key)
    assert removed.exit_code == 1
    assert "this server took reports by it until" in removed.output
    assert key.exists()
    served()
    (warned,) = _warned(caplog)
    assert keys.pinned(key) in warned
    listed = keys.run("list")
    assert listed.exit_code == 1
    assert keys.pinned(key) in listed.output


@pytest.mark.slow
def test_a_registry_that_is_read_again_is_judged_too(
    keys: Keys, config: Config, clock_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = keys.made("only.key", 3)
    keys.declare(None)
    told = replace(config, registry=keys.registry)
    with App(told, FileClock(clock_file)) as app:
        app.reload()
        assert _warned(caplog) == []
        keys.declare(key)
        app.reload()
    (warned,) = _warned(caplog)
    assert keys.pinned(key) in warned


def test_a_key_that_was_never_declared_is_removed(keys: Keys, served: Callable[..., None]) -> None:
    key = keys.made("draft.key", 4)
    keys.declare(None)
    served()
    removed = keys.run("remove", key)
    assert (removed.exit_code, key.exists()) == (0, False)
    again = keys.run("remove", key)
    assert again.exit_code == 1
    assert "No such file" in again.output
