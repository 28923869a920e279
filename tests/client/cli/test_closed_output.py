"""A daemon, or a program without a console, may carry out commands as well."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from headcount.cli.main import main
from support.repository import TESTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.sample_project import Host

PROGRAM = """
import sys, traceback
from pathlib import Path
try:
    sys.path.insert(0, {tests!r})
    from headcount.cli.main import main
    from support.sample_project import Host
    codes = [main(Host(Path("state")).client, words.split()) for words in sys.argv[1:]]
    Path("said").write_text(repr(codes))
except BaseException:
    Path("said").write_text(traceback.format_exc())
"""


@pytest.mark.slow
def test_commands_work_with_every_stream_closed(tmp_path: Path) -> None:
    commands = ["status", "grant", "refuse nothing", "preview --json", "ask", "--help", "deny"]
    done = subprocess.run(
        ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c",  # noqa: S607 - every system has it
         PROGRAM.format(tests=str(TESTS)), *commands],
        cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (tmp_path / "said").read_text() == "[0, 0, 2, 0, 4, 0, 0]"
    assert done.returncode == 0


def test_output_that_its_host_closed_is_left_alone(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed = (tmp_path / "out").open("w")
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert main(host().client, ["status"]) == 0
    assert sys.stdout is closed
