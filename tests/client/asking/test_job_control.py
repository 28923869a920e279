"""The question at a real terminal: it stops no job, and Ctrl-C ends what it ends elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no job control")

PROGRAM = """
    import sys
    from pathlib import Path
    from headcount.asking.terminal import ask
    from support.sample_project import Host
    site = Host(Path(sys.argv[1]) / "state")
    came = ask(site.client, how="shop usage-counts")
    Path(sys.argv[1], "came").write_text(f"{came.answer}: {came.reason}")
    print("the work is done")
"""


class Terminal:
    """A session whose controlling terminal is a pseudo terminal, and the job that leads it."""

    def __init__(self, place: Path, program: str, **environment: str) -> None:
        self.place = place
        self.far, near = pty.openpty()
        self.job = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), place, textwrap.dedent(PROGRAM)],
            stdin=near,
            stdout=near,
            stderr=near,
            env={**os.environ, "PYTHONPATH": "tests", **environment},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads
        )
        os.close(near)
        self.seen = b""

    def until(self, text: bytes) -> None:
        """Read until a text appears."""
        while text not in self.seen:
            try:
                more = os.read(self.far, 4096)
            except OSError:  # the session is over
                more = b""
            assert more, self.seen
            self.seen += more

    @property
    def came(self) -> str:
        return (self.place / "came").read_text()


@pytest.fixture(name="terminals")
def _terminals() -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        if terminal.job.poll() is None:
            os.killpg(terminal.job.pid, signal.SIGKILL)
        terminal.job.wait(10)
        os.close(terminal.far)


@pytest.mark.slow
def test_a_job_in_the_background_is_not_asked_and_not_stopped(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    leader = """
        import os, subprocess, sys
        job = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]], process_group=0)
        _, status = os.waitpid(job.pid, os.WUNTRACED)
        print("stopped" if os.WIFSTOPPED(status) else f"ended {os.waitstatus_to_exitcode(status)}")
        if os.WIFSTOPPED(status):
            job.kill()
    """
    terminal = Terminal(tmp_path, leader)
    terminals.append(terminal)
    terminal.until(b"ended 0")
    assert terminal.came == (
        "not asked: this job is in the background, where a question would stop it"
    )
    assert not (tmp_path / "state").exists()


FOREGROUND = "import sys; argv = sys.argv; exec(argv[2])"


@pytest.mark.slow
def test_the_job_in_the_foreground_is_asked_and_told_the_way_back(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    terminal = Terminal(tmp_path, FOREGROUND)
    terminals.append(terminal)
    terminal.until(b"yes or no?")
    os.write(terminal.far, b"no\n")
    terminal.until(b"the work is done")
    assert terminal.came == "no: "
    assert b"Nothing is sent about Sample." in terminal.seen
    assert b"  shop usage-counts\r\n" in terminal.seen


@pytest.mark.slow
def test_ctrl_c_at_the_question_ends_the_program(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(tmp_path, FOREGROUND)
    terminals.append(terminal)
    terminal.until(b"yes or no?")
    time.sleep(0.1)
    os.write(terminal.far, b"\x03")
    assert terminal.job.wait(20) in {-signal.SIGINT, 130}
    assert not (tmp_path / "came").exists()


@pytest.mark.slow
def test_what_make_runs_is_not_held_up(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(tmp_path, FOREGROUND, MAKELEVEL="1")
    terminals.append(terminal)
    terminal.until(b"the work is done")
    assert terminal.came == "not asked: the variable MAKELEVEL shows that make runs this"
