"""Servers that start within a fraction of a second, for tests that need a thousand.

`Nursery` is a process that has loaded the whole program and does nothing. Each server is
forked from it, and then is an ordinary `headcount-server serve`: a process with its own
doors, threads and connections, which a test can kill.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from support.repository import TESTS
from support.server_process import Process, ServerProcess
from support.waiting import PATIENCE, until


class Nursery:
    """Forks servers; the last one ends with it."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.forked_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
        )
        self._last: Fork | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last is not None:
            self._last.kill()
        self._process.kill()
        self._process.communicate()

    def fork(self, directory: Path, arguments: list[str]) -> Fork:
        """Return a server that has just begun to start; it writes to files in a directory.

        One at a time: the one before has to have ended.
        """
        assert self._last is None or self._last.poll() is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(directory, *arguments, sep="\t", file=self._process.stdin, flush=True)
        self._last = Fork(int(self._process.stdout.readline()))
        return self._last


class Fork:
    """A process that somebody else is the parent of."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it lives, then 0: how it ended only its parent knows."""
        return None if Path(f"/proc/{self.pid}").exists() else 0

    def wait(self, timeout: float | None = None) -> int:
        until(lambda: self.poll() == 0, seconds=timeout or PATIENCE, told="it does not end")
        return 0

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, sig: int, /) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sig)


@dataclass
class ForkedServer(ServerProcess):
    """A server out of a nursery."""

    nursery: Nursery | None = None

    def launch(self) -> Process:
        assert self.nursery is not None
        # Made empty here, so that nobody reads the addresses of a server before.
        (self.directory / "stdout").write_text("", encoding="utf-8")
        return self.nursery.fork(self.directory, self.arguments()[1:])


def _serve(directory: Path, arguments: list[str]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    main(arguments)


if __name__ == "__main__":
    # In the program alone: whoever forks must not have started gRPC's threads.
    from headcount_server.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        place, *rest = line.rstrip("\n").split("\t")
        forked = os.fork()
        if forked == 0:
            _serve(Path(place), rest)
        sys.stdout.write(f"{forked}\n")
        sys.stdout.flush()
