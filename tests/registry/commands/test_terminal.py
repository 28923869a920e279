"""What long work shows, and where."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from headcount_registry.commands.terminal import Progress
from headcount_registry.pipeline.build import build

if TYPE_CHECKING:
    from support.workbench import Bench

KEY = "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n"
AT_ONCE = """
from headcount_registry import cli
from headcount_registry.commands import terminal
terminal.Progress.DELAY = 0.0
cli.main()
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_short_work_shows_nothing() -> None:
    terminal, clock = Terminal(), Clock()
    progress = Progress(terminal, clock)
    clock.now = 0.4
    progress("reading")
    progress.done()
    assert terminal.getvalue() == ""


def test_long_work_shows_its_steps_one_over_the_other_and_leaves_no_trace() -> None:
    terminal, clock = Terminal(), Clock()
    progress = Progress(terminal, clock)
    clock.now = 0.6
    progress("reading")
    progress("checking declarations")
    progress.done()
    assert terminal.getvalue() == "\r\x1b[Kreading ...\r\x1b[Kchecking declarations ...\r\x1b[K"


def test_nothing_is_shown_where_there_is_no_terminal() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, clock)
    clock.now = 60
    progress("reading")
    progress.done()
    assert stream.getvalue() == ""


@pytest.mark.slow
def test_a_build_says_what_it_is_at(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    steps: list[str] = []
    build([bench.declarations], bench.lock, steps.append)
    assert steps == [
        "reading declarations",
        "checking declarations",
        "making schemas",
        "compiling schemas",
        "making clients",
    ]


@pytest.mark.slow
def test_on_a_terminal_a_long_build_is_seen_to_work(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    ours, theirs = pty.openpty()
    places = (str(bench.declarations), "--out", str(bench.out))
    command = [sys.executable, "-c", AT_ONCE, "build", *places]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while chunk := read(ours):
            seen += chunk
    os.close(ours)
    assert process.returncode == 0
    steps = re.findall(rb"\r\x1b\[K([a-z]+ [^\r\x1b]*) \.\.\.", seen)
    assert len(steps) > 4, seen
    assert seen.endswith(b"\r\x1b[K")  # the last leaves no trace


def read(terminal: int) -> bytes:
    """What a terminal shows next; nothing once nobody writes to it."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
