"""The command `headcount-registry parse`: one file as the grammar reads it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.terminal import fail
from headcount_registry.reading import info, info_json

if TYPE_CHECKING:
    from headcount_registry.reading.info import Scalar, Tree

_NAME = re.compile(r"\w+", re.ASCII)


def _constants(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not _NAME.fullmatch(name):
            raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.")
        found[name] = value
    return found


@click.command("parse")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--sections", is_flag=True, help="Read `[Section]` lines as sections, a tree each.")
@click.option(
    "--define",
    "constants",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_constants,
    help="A PHP constant that replaces the value NAME; repeatable."
    "  TRUE, FALSE and NULL are known.",
)
def parse_command(file: Path, constants: dict[str, Scalar], *, sections: bool) -> None:
    """Print an .info file as the nested arrays that Backdrop reads from it.

    FILE is any .info file, or - for standard input. The output is JSON: an array
    whose keys count from 0 is a list, any other array is an object. This command
    judges nothing; `headcount-registry check` reports what the grammar ignores.
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except FileNotFoundError as error:
        raise click.UsageError(f"{file}: no such file.") from error
    except OSError as error:
        fail(f"{file}: cannot be read: {error.strerror}")
    text = data.decode("utf-8", "surrogateescape")
    read = info.parse_sections if sections else _parse
    # Read bytes, because the encoding of the terminal must not decide the content of the file.
    click.echo(info_json.text(read(text, constants)).encode(), nl=False)


def _parse(text: str, constants: dict[str, Scalar]) -> Tree:
    return info.parse(text, constants).tree()
