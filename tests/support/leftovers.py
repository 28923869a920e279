"""Threads and processes that a test left behind, with all their children.

A process is recognised by its parent and by a mark in its environment. If its parent has
ended, it still has the mark.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support.waiting import PATIENCE, until

SECONDS = PATIENCE
_MARK = "HEADCOUNT_TEST_PROCESS"
os.environ[_MARK] = str(os.getpid())
_lasting: set[object] = set()
"""What lasts as long as the session."""


def standing() -> dict[object, str]:
    """Return every thread of ours and every process that comes from us, with words for it."""
    threads = {thread: f"the thread {thread.name}" for thread in threading.enumerate()}
    return threads | _processes()


def _processes() -> dict[object, str]:
    found: dict[object, str] = {}
    parents = dict(_parents())
    for pid in parents:
        line = [pid]
        while (parent := parents.get(line[-1], 0)) and line[-1] != os.getpid():
            line.append(parent)
        ours = os.getpid() in line[1:] or (pid != os.getpid() and _is_marked(pid))
        if ours and not _lasting & {f"process {each}" for each in line}:
            found[f"process {pid}"] = f"the process {pid}: {_command(pid)}"
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            yield int(status.parent.name), int(fields[1])


def _is_marked(pid: int) -> bool:
    with suppress(OSError):
        began_with = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return f"{_MARK}={os.getpid()}".encode() in began_with
    return False


def _command(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return words.decode(errors="replace").strip()[:200] or "a zombie"
    return "ended"


@contextmanager
def lasting() -> Iterator[None]:
    """What begins in the block lasts as long as the session, and is no leftover of a module."""
    before = standing()
    yield
    _lasting.update(standing().keys() - before.keys())


@contextmanager
def none() -> Iterator[None]:
    """Fail if the block leaves anything that does not end by itself within `SECONDS`."""
    before = standing()
    yield

    def left() -> list[str]:
        now = standing()
        return sorted(now[each] for each in now.keys() - before.keys() - _lasting)

    until(lambda: not left(), seconds=SECONDS, told=lambda: f"left behind: {left()}")
