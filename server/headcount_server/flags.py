"""Flags that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

_DOORS = (
    ("--grpc", "127.0.0.1:50051", "Where to take reports."),
    ("--public", "127.0.0.1:8080", "Where everyone reads published totals, over HTTP."),
    ("--operations", "127.0.0.1:8081", "Where the operator reads the server's own metrics."),
)


def listening(command: _Command) -> _Command:
    """Adds the addresses to listen on: `grpc`, `public` and `operations`."""
    for flag, address, help_text in reversed(_DOORS):
        option = click.option(
            flag, default=address, show_default=True, metavar="HOST:PORT", help=help_text
        )
        command = option(command)
    return command
