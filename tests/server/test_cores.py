"""A server runs on one core, unless its operator says otherwise or the system allows no choice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom

import pytest
from headcount_server.commands.cores import hold
from support.server_process import ServerProcess
from support.waiting import until

NOW = datetime(2026, 11, 18, tzinfo=UTC)


def _cores_of(process: int) -> set[frozenset[int]]:
    """Return the cores of each thread."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return {frozenset(os.sched_getaffinity(int(thread.name))) for thread in threads}


def test_all_threads_of_a_server_run_on_one_core_unless_told_otherwise(
    toy_registry: Path, tmp_path: Path
) -> None:
    held: dict[str, tuple[set[frozenset[int]], str]] = {}
    for name, flags in (("one", ()), ("all", ("--cores=all",))):
        (tmp_path / name).mkdir()
        server = ServerProcess(toy_registry, tmp_path / name, NOW, flags)
        server.start()
        assert server.process is not None
        until(lambda: "runs on" in server.errors())  # noqa: B023 - at once
        held[name] = (_cores_of(server.process.pid), server.errors())
        server.stop()
    (one,) = held["one"][0]
    assert len(one) == 1
    assert f"runs on core {min(one)}" in held["one"][1]
    assert held["all"][0] == {frozenset(os.sched_getaffinity(0))}
    assert "runs on all cores: --cores all" in held["all"][1]


@pytest.fixture(name="allowed")
def _allowed() -> Iterator[set[int]]:
    """The cores of this process, which has them again afterwards."""
    before = os.sched_getaffinity(0)
    yield before
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), before)


def test_servers_spread_over_the_cores_that_they_may_use(allowed: set[int]) -> None:
    found = set()
    for seed in range(64):
        os.sched_setaffinity(0, allowed)
        said = hold(1, Random(seed))  # noqa: S311 - no secret
        assert said.endswith(f" of {len(allowed)}; --cores changes that")
        found.add(frozenset(os.sched_getaffinity(0)))
    assert found == {frozenset({core}) for core in allowed}
    assert len(found) > 1


def test_a_limit_that_was_there_before_stays(allowed: set[int]) -> None:
    core = min(allowed)
    os.sched_setaffinity(0, {core})
    assert hold(3, SystemRandom()) == f"runs on core {core}, all that it may use"
    assert os.sched_getaffinity(0) == {core}


def test_a_system_that_cannot_hold_or_forbids_it_is_told_and_served_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbid(_process: int, _cores: set[int]) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1})
    monkeypatch.setattr(os, "sched_setaffinity", forbid)
    assert hold(1, SystemRandom()) == "runs on all cores: Operation not permitted"
    monkeypatch.delattr(os, "sched_setaffinity")
    assert "cannot hold a program" in hold(1, SystemRandom())
