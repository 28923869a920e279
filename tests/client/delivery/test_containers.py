"""Containers: a program that is the first process, or that takes all others along when it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from socket import create_server
from typing import TYPE_CHECKING

import pytest
from headcount.delivery import background
from support.doors import HttpDoor, http_door
from support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTAINER: tuple[str, ...] = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
if os.geteuid() != 0:
    CONTAINER = (*CONTAINER[:1], "--user", "--map-root-user", *CONTAINER[1:])
HOST = """
import os, sys, time
sys.path[:] = {path!r}
from headcount import Client
from headcount.delivery import background
from support.sample_project import SAMPLE, Site

background._WAIT = {wait}
days = [9]
client = Client(
    SAMPLE, Site(), state_directory={state!r}, environment={{}}, randomness=lambda: 0.0,
    endpoint={endpoint!r}, clock=lambda: time.time() + {later} - days[0] * 86400,
)
if client.record() is None:
    client.grant()
days[0] = 0
print(os.getpid(), client.send_in_background(), client.notes(), flush=True)
"""
LIVES_ON = """
from pathlib import Path
from support.waiting import until
plan = Path({state!r}, "sample", "plan.json")
until(lambda: '"sent"' in plan.read_text())
until(lambda: [each.name for each in Path("/proc").glob("[0-9]*")] == ["1"])
print("alone")
"""


@pytest.fixture(name="door")
def _door() -> Iterator[HttpDoor]:
    with http_door() as door:
        yield door


class Container:
    """Runs programs in a PID namespace of their own, on one state directory."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.state = place / "state"

    def run(
        self,
        endpoint: str,
        *,
        later: float = 0,
        then: str = "",
        init: bool = False,
        wait: float = PATIENCE,
    ) -> str:
        """What a host prints that is the first process, or the child of an `init`.

        It waits so long for what it started, since a second is short on a busy machine.
        """
        program = HOST.format(
            path=sys.path, state=str(self.state), endpoint=endpoint, later=later, wait=wait
        ) + textwrap.dedent(then.format(state=str(self.state)))
        command = [sys.executable, "-c", program]
        if init:
            command = ["sh", "-c", '"$@"; true', "sh", *command]
        done = subprocess.run(
            [*CONTAINER, *command],
            cwd=self.place, capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @property
    def plan(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.state / "sample" / "plan.json").read_text())
        return found


@pytest.fixture(name="container")
def _container(tmp_path: Path) -> Container:
    assert shutil.which("unshare"), "unshare is missing: install util-linux"
    if subprocess.run([*CONTAINER, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody make a PID namespace")
    return Container(tmp_path)


@pytest.mark.slow
def test_a_first_process_has_no_zombie(container: Container, door: HttpDoor) -> None:
    said = container.run(f"http://127.0.0.1:{door.port}", then=LIVES_ON, wait=0.01).splitlines()
    assert said[0].startswith("1 STARTED")
    assert said[1] == "alone"  # the process has ended, and is no zombie
    assert len(door.requests) == 1


@pytest.mark.slow
def test_a_first_process_that_ends_is_counted_if_the_server_answers_within_a_second(
    container: Container, door: HttpDoor
) -> None:
    assert background._WAIT == 1
    container.run(f"http://127.0.0.1:{door.port}")
    assert container.plan["done"] == "sent"
    assert len(door.requests) == 1


@pytest.mark.slow
def test_what_a_container_takes_along_is_told_and_is_counted_by_the_next_run(
    container: Container, door: HttpDoor
) -> None:
    endpoint = f"http://127.0.0.1:{door.port}"
    with create_server(("127.0.0.1", 0)) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "STARTED" in container.run(hanging, init=True)
    assert (container.plan["tries"], container.plan["done"]) == (0, "")
    said = container.run(endpoint, later=120, init=True)
    assert "NOT_DUE" in said
    assert "was lost: it was stopped before its end" in said
    said = container.run(endpoint, later=3700, init=True)
    assert "STARTED" in said
    assert container.plan["done"] == "sent"
    assert len(door.requests) == 1
