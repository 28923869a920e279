"""The program under test: asked in JSON lines, one question at a time."""

from __future__ import annotations

import json
import queue
import subprocess
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from headcount_registry.errors import ConformanceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from headcount_registry.conformance.vectors import Json

PROTOCOL = 1
"""Version of the protocol between the run and a program."""


class Program:
    """A running program that answers for a client; what it prints to standard error is shown.

    `seconds` is the time limit for one answer.
    """

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._seconds = seconds
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command that a person gave
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise ConformanceError(f"{command[0]}: cannot be started: {error.strerror}") from error
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout  # noqa: S101 - it is a pipe
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program by closing its input, or by force if that is not enough."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        with suppress(OSError):  # it has ended
            self._process.stdin.close()
        try:
            self._process.wait(1 if error else self._seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def ask(self, question: dict[str, Json]) -> dict[str, Json]:
        """Return the program's answer to a question.

        Raises `ConformanceError` if the program ended, is silent, or does not speak JSON lines:
        then nothing more can be asked.
        """
        line = (json.dumps(question) + "\n").encode()
        assert self._process.stdin  # noqa: S101 - it is a pipe
        with suppress(OSError):  # it has ended, but its last words may still be unread
            self._process.stdin.write(line)
            self._process.stdin.flush()
        try:
            told = self._lines.get(timeout=self._seconds)
        except queue.Empty:
            raise ConformanceError(
                f"the program did not answer within {self._seconds:g} s"
            ) from None
        if not told:
            raise ConformanceError(f"the program ended{self._status()}")
        try:
            answer = json.loads(told)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            shown = told[:200].decode(errors="replace").strip()
            raise ConformanceError(f"the program printed a line that is no JSON object: {shown}")
        return answer

    def _status(self) -> str:
        try:
            return f" with status {self._process.wait(1)}"
        except subprocess.TimeoutExpired:
            return ""
