"""What the commands print, alike for all of them."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NoReturn

import click

from headcount_registry.emitters.code_writer import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import TextIO

    from headcount_registry.findings import Finding

_COLOURS = {"error": "red", "warning": "yellow"}


def show(findings: Iterable[Finding], *, err: bool = True) -> None:
    """Prints findings to standard error, a line each; in colour on a terminal.

    What a declaration says is shown without its control characters.
    """
    for finding in findings:
        word = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
        place, message = plain(str(finding.location)), plain(finding.message)
        click.echo(f"{place}: {word} {message} [{finding.check}]", err=err)


def fail(message: str, status: int = 1) -> NoReturn:
    """Prints a message to standard error and ends the command."""
    click.echo(message, err=True)
    raise click.exceptions.Exit(status)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def misuse_if_missing(paths: Iterable[Path]) -> None:
    """Ends the command with status 2 where a path does not exist."""
    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path}: no such file or directory.")


class Progress:
    """Says on a terminal what long work is at; elsewhere, and of short work, nothing.

    Each step overwrites the one before; `done` leaves the line empty.
    """

    PATIENCE = 0.5
    """Seconds before anything is shown."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._start = clock()
        self._shown = False

    def __call__(self, step: str) -> None:
        """Shows a step, such as `reading 200 files`."""
        if self._stream.isatty() and self._clock() - self._start >= self.PATIENCE:
            self._shown = True
            self._write(f"{step} ...")

    def done(self) -> None:
        """Takes the last step off the screen."""
        if self._shown:
            self._write("")
            self._shown = False

    def _write(self, text: str) -> None:
        # To the first column, and erase what stood on the line.
        self._stream.write(f"\r\x1b[K{text}")
        self._stream.flush()
