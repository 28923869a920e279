"""What the tests stand on: waiting, ports, chance, and that nothing is left behind."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from support import chance
from support.present import present
from support.repository import TESTS
from support.server_process import held_port
from support.waiting import until

LEAVING = """
import subprocess, sys, threading
from support import leftovers

leftovers.SECONDS = 0.5
LONG = [sys.executable, "-c", "open('over').read()"]
DETACHED = f"import subprocess; subprocess.Popen({LONG}, start_new_session=True)"

def test_a_thread():
    threading.Thread(target=threading.Event().wait, name="astray", daemon=True).start()

def test_a_process():
    global child
    child = subprocess.Popen(LONG)

def test_a_process_of_nobody():
    subprocess.run([sys.executable, "-c", DETACHED], check=True)
"""


@pytest.mark.parametrize(
    ("seconds_left", "waited"), [(1, [1]), (180, [180]), (181, []), (600_000, [])]
)
def test_a_test_of_hosts_does_not_begin_in_a_week_that_is_about_to_end(
    seconds_left: int, waited: list[int]
) -> None:
    over = datetime(2027, 1, 4, tzinfo=UTC)  # after a week 53
    moment, slept = [over.timestamp() - seconds_left], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        moment[0] += seconds

    begins = over if waited else over - timedelta(seconds=seconds_left)
    assert present(lambda: moment[0], sleep) == begins
    assert slept == waited


def test_what_is_waited_for_is_given_back_as_soon_as_it_is_there() -> None:
    looks = itertools.count()
    assert until(lambda: next(looks) > 2 and "there") == "there"
    assert next(looks) == 4


def test_what_never_comes_is_told_as_it_is_at_the_end() -> None:
    looks: list[int] = []
    with pytest.raises(AssertionError, match=r"^not within 0\.01 s: \d+ looks$"):
        until(lambda: looks.append(1), seconds=0.01, told=lambda: f"{len(looks)} looks")


def test_a_held_port_is_given_to_nobody_and_taken_by_whoever_is_told_it() -> None:
    with held_port() as held:
        place = held.getsockname()
        with pytest.raises(OSError, match="in use"), socket.socket() as stranger:
            stranger.bind(place)
        for _ in range(2):  # a server that is told it may start again, too
            with socket.create_server(place) as server, socket.create_connection(place) as caller:
                met, address = server.accept()
                met.close()
                assert address == caller.getsockname()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "same"),
    [({}, True), ({"HEADCOUNT_SEED": "new"}, False), ({"HEADCOUNT_EXAMPLES": "9"}, False)],
)
def test_chance_brings_the_same_at_every_run_but_in_the_long_forms(
    clean_environment: dict[str, str], variables: dict[str, str], *, same: bool
) -> None:
    program = (
        "from support import chance; from hypothesis import settings; chance.settle();"
        "print(settings().derandomize, chance.of('this').random())"
    )
    environment = {**clean_environment, "PYTHONPATH": str(TESTS), **variables}
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert (runs[0] == runs[1]) is same
    assert runs[0][0].decode() == str(same)


def test_no_example_is_kept_in_a_clone() -> None:
    assert settings().database is None
    assert settings().print_blob
    assert os.environ["HEADCOUNT_SEED"] == chance.SEED


@pytest.mark.slow
def test_a_module_that_leaves_a_thread_or_a_process_fails(tmp_path: Path) -> None:
    module = tmp_path / "test_leaving.py"
    module.write_text(LEAVING, encoding="utf-8")
    over = tmp_path / "over"
    os.mkfifo(over)
    writing = os.open(over, os.O_RDWR)  # what reads from it waits, and never for a writer
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", module],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    over.unlink()  # whoever has not begun to read by now finds nothing
    os.close(writing)  # and whoever reads is at the end, so both processes end
    assert ran.returncode == 1
    assert "3 passed, 1 error" in ran.stdout
    (told,) = [
        line
        for line in ran.stdout.splitlines()
        if "left behind" in line and line.startswith("E ")  # "ERROR" begins the summary's line
    ]
    assert "the thread astray" in told
    assert told.count("open('over').read()") == 2
