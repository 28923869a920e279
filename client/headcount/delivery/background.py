"""A week's report, sent by a separate process so that a short program need not wait.

Only the host can answer its collectors' questions, so they run in the host. Their
answers become an errand in the state directory, which a detached process carries out
(see `background_process`). That process has no terminal, no output, and no parent that
must reap it.

The errand stays until that process is done. If it is still there when the next one is
due, it was lost: something stopped its process, such as the end of its container. From
then on the program itself sends, and waits a second for that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from headcount.model.deadline import Task
from headcount.model.sentence import Sentence
from headcount.reporting.collectors import Collected
from headcount.storage.state_directory import StateDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headcount.model.project import Key, Project

PATIENCE = 1.0
"""Seconds that all collectors together may take while the host waits."""

ERRAND = "errand.json"

LIFETIME = 60
"""Seconds after which the process of an errand has ended, done or not."""

_WAIT = 1.0  # seconds, ten times what starting Python and importing this takes
_INIT = 1  # the process that inherits orphaned children

# The first process ends as soon as the second is sure to work, so that the second has
# no parent. The first is a new process with one thread, so its fork is safe whatever
# threads the host has.
_PACKAGE = __name__.removesuffix(".delivery.background")  # a host may vendor it under another name
_PROGRAM = f"""
import os, sys
sys.path[:] = sys.argv[4:]
from {_PACKAGE}.background_process import run
if sys.argv[1] == "alone" and hasattr(os, "fork") and os.fork():
    os._exit(0)
run(sys.argv[2], sys.argv[3])
"""


def interpreter() -> str:
    """Return the Python that can be started again, `""` in a frozen or embedding program."""
    name = os.path.basename(sys.executable or "").lower()
    alone = name.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return sys.executable if alone else ""


def leave(
    directory: StateDirectory,
    project: Project,
    collected: Collected,
    settings: dict[str, Any],
    *,
    now: float,
) -> None:
    """Store an errand: a project, its collected answers, and the settings of the connection."""
    parts = project.parts()
    del parts["translations"]  # nobody is asked there
    errand = {
        "at": now,
        "project": {
            **parts,
            "keys": [_plain(key) for key in project.keys],
            "schema": project.schema().hex(),
        },
        "answers": dict(collected.answers),
        "notes": dict(collected.notes),
        "settings": settings,
    }
    directory.write(ERRAND, json.dumps(errand).encode(), durable=False)


def start(directory: StateDirectory) -> str:
    """Start the process that runs a project's errand; return why that failed, or `""`."""
    # The first process of a container would inherit ours, and would have to reap it.
    mode = "child" if os.getpid() == _INIT else "alone"
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [interpreter(), "-P", "-s", "-c", _PROGRAM, mode, directory.path, directory.project,
             *(os.path.abspath(path) for path in sys.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=os.sep,
            env=_environment(),
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
        )  # fmt: skip
    except OSError as error:
        return f"{error.filename or interpreter()}: {error.strerror}"
    if sys.platform == "win32":
        process.returncode = 0  # nobody has to reap it, so nobody has to warn
        return ""
    try:
        code = process.wait(_WAIT)
    except subprocess.TimeoutExpired:
        Task(process.wait)
        return ""
    return f"{interpreter()} ended with exit code {code}" if code else ""


def send_beside(send: Callable[[], object]) -> bool:
    """Send in a thread of this process; return whether that ended within a second.

    The program may end after that, and the thread ends with it.
    """
    return Task(send).finished(_WAIT)


def give_up(directory: StateDirectory, reason: str, *, now: float) -> None:
    """Remember that errands are not completed here, and why; keep no answers."""
    data = json.dumps({"at": now, "lost": reason}).encode()
    directory.write(ERRAND, data, durable=False)


def lost(directory: StateDirectory, now: float) -> str:
    """Return why errands are not completed here, `""` if nothing suggests that."""
    data = directory.read(ERRAND)
    if data is None:
        return ""
    try:
        errand = json.loads(data)
        at, reason = float(errand["at"]), str(errand.get("lost", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Sentence("its errand cannot be read")
    if reason or at <= now < at + LIFETIME:  # else it may still be running
        return reason
    return Sentence("it was stopped before its end, perhaps with a container or a session")


def told(reason: str) -> str:
    """Return the sentence that tells people what follows from a lost errand."""
    return Sentence(
        "the process that it started to send a report was lost: {why}. Now the program itself "
        "sends, and waits a second for that",
        why=reason,
    )


def _environment() -> dict[str, str]:
    """Return the variables for the process, with PYTHONHOME but no other setting of Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") or name == "PYTHONHOME"
    }


def _plain(key: Key) -> dict[str, object]:
    """Return a key as JSON can hold it. One item stands for a catalogue, which was applied."""
    return {
        **key.parts(),
        "values": dict(key.values),
        "aliases": dict(key.aliases),
        "catalogue": sorted(key.catalogue)[:1],
    }
