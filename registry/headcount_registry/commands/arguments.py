"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., None]")


def paths_argument(command: _F) -> _F:
    """Add PATH..., the declarations to read."""
    return click.argument(
        "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
    )(command)


def lock_option(explanation: str) -> Callable[[_F], _F]:
    """Add --lock, the file of permanent numbers; `explanation` ends its help text."""
    return click.option(
        "--lock",
        "lock_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"File of permanent numbers{explanation}",
    )
