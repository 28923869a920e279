"""The output that commands share: findings, errors, progress."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from headcount_registry.emitters.text import plain
from headcount_registry.emitters.wording import quantity
from headcount_registry.errors import DeclarationsError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from headcount_registry.findings import Finding
    from headcount_registry.pipeline.output import Plan

_COLOURS = {"error": "red", "warning": "yellow"}


def print_findings(findings: Iterable[Finding], *, err: bool = True) -> None:
    """Print findings to standard error, one a line, in colour on a terminal.

    Control characters in declarations are left out.
    """
    for finding in findings:
        word = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
        place, message = plain(str(finding.location)), plain(finding.message)
        click.echo(f"{place}: {word} {message} [{finding.check}]", err=err)


def fail(message: str, status: int = 1) -> NoReturn:
    """Print a message to standard error and end the command."""
    click.echo(message, err=True)
    raise click.exceptions.Exit(status)


def misuse_if_missing(paths: Iterable[Path]) -> None:
    """End the command with status 2 if a path does not exist."""
    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path}: no such file or directory.")


def fail_if_out_of_date(todo: Plan, command: str) -> None:
    """End the command if files differ from its output, and name these files."""
    if todo.out_of_date:
        for line in todo.out_of_date:
            click.echo(line, err=True)
        fail(
            f"{quantity(len(todo.out_of_date), 'file')} out of date;"
            f" run `headcount-registry {command}` without --check"
        )


@contextmanager
def reported_errors(refusal: str = "", status: int = 1) -> Iterator[Progress]:
    """Show the progress of a block; if it fails, report why and end the command.

    After errors in declarations, each error is shown and then `refusal`.
    """
    progress = Progress()
    try:
        yield progress
    except DeclarationsError as error:
        progress.done()
        print_findings(error.findings)
        errors = sum(each.is_error for each in error.findings)
        fail(refusal or f"{quantity(errors, 'error')}; nothing written", status)
    except RegistryError as error:
        progress.done()
        fail(str(error), status)
    finally:
        progress.done()


class Progress:
    """The present step of long work, shown on a terminal only.

    Each step overwrites the one before; `done` leaves the line empty.
    """

    DELAY = 0.5
    """Seconds before the first step is shown."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._start = clock()
        self._shown = False

    def __call__(self, step: str) -> None:
        """Show a step, such as `reading 200 files`."""
        if self._stream.isatty() and self._clock() - self._start >= self.DELAY:
            self._shown = True
            self._write(f"{step} ...")

    def done(self) -> None:
        """Remove the last step from the screen."""
        if self._shown:
            self._write("")
            self._shown = False

    def _write(self, text: str) -> None:
        # Go to the first column and erase the line.
        self._stream.write(f"\r\x1b[K{text}")
        self._stream.flush()
