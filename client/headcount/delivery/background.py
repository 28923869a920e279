"""A week's report sent by a process of its own, so that a program that ends is not held up.

The host's collectors know what only the host knows, so they are asked where it
runs. Their answers are left in the state directory as an errand, which a detached
process takes (see `errand`). It has no terminal, no output, and no parent that
would have to reap it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from headcount.delivery.outcome import Outcome
from headcount.model.deadline import Task
from headcount.reporting.collectors import Collected
from headcount.storage.state_directory import StateDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headcount.model.project import Key, Project

PATIENCE = 1.0
"""Seconds that all collectors together may take while the host waits."""

ERRAND = "errand.json"

_WAIT = 1.0  # seconds; starting Python takes a fiftieth of that

# The first process ends at once, so that the one that stays has no parent. It
# is alone in its memory, so the fork is safe whatever threads the host has.
_PROGRAM = """
import os, sys
if hasattr(os, "fork") and os.fork():
    os._exit(0)
sys.path[:] = sys.argv[3:]
from headcount.background_process import run
run(sys.argv[1], sys.argv[2])
"""


def interpreter() -> str:
    """The Python that can be started anew, `""` in a frozen or embedding program."""
    name = os.path.basename(sys.executable or "").lower()
    alone = name.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return sys.executable if alone else ""


def leave(
    directory: StateDirectory, project: Project, collected: Collected, settings: dict[str, Any]
) -> None:
    """Stores an errand: a project, what its collectors answered, and the way to the server."""
    errand = {
        "project": {
            **project.parts(),
            "keys": [_plain(key) for key in project.keys],
            "schema": project.schema().hex(),
        },
        "answers": dict(collected.answers),
        "notes": dict(collected.notes),
        "settings": settings,
    }
    directory.write(ERRAND, json.dumps(errand).encode(), durable=False)


def start(directory: StateDirectory) -> Outcome:
    """Starts the process that runs a project's errand."""
    here = os.getcwd() if "" in sys.path else ""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [interpreter(), "-I", "-c", _PROGRAM, directory.path, directory.project,
         *(path or here for path in sys.path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=os.sep,
        start_new_session=True,
        creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
    )  # fmt: skip
    if sys.platform == "win32":
        process.returncode = 0  # nobody has to reap it, so nobody has to warn
        return Outcome.STARTED
    try:
        process.wait(_WAIT)
    except subprocess.TimeoutExpired:
        Task(process.wait)
    return Outcome.STARTED


def send_in_thread(send: Callable[[], object]) -> Outcome:
    """The same where no process can be started: it is lost if the host ends too soon."""
    Task(send)
    return Outcome.STARTED


def _plain(key: Key) -> dict[str, object]:
    """A key as JSON can hold it. Of a catalogue, only that there is one: it has been applied."""
    return {
        **key.parts(),
        "values": dict(key.values),
        "aliases": dict(key.aliases),
        "catalogue": sorted(key.catalogue)[:1],
    }
