"""The commands `headcount-server oblivious-key …`: keys that clients behind a relay seal to."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_server.commands.flags import PATH, one_sentence
from headcount_server.doors.oblivious import key_file

if TYPE_CHECKING:
    from headcount_server.doors.oblivious.encapsulation import GatewayKey


@click.group("oblivious-key")
def oblivious_key() -> None:
    """Make keys for reports that come through a relay (docs/operators/relay.md)."""


@oblivious_key.command()
@click.argument("file", type=PATH)
@click.option(
    "--identifier",
    type=click.IntRange(0, 255),
    help="Number of the key, 0 to 255; drawn if it is not given.",
)
def new(file: Path, identifier: int | None) -> None:
    """Write a new key into FILE, and print the line that declares it.

    Give the file to `serve --oblivious-key`, and keep it until two years after
    the last release of the registry that names the key.
    """
    with one_sentence():
        key_file.needed(str(file))
        number = secrets.randbelow(256) if identifier is None else identifier
        today = datetime.now(UTC).date().isoformat()
        click.echo(_declared(key_file.create(file, number, secrets.token_bytes(32), today)))


@oblivious_key.command()
@click.argument("file", type=PATH)
def show(file: Path) -> None:
    """Print the line that declares the key of FILE."""
    with one_sentence():
        key_file.needed(str(file))
        click.echo(_declared(key_file.read("FILE", file)))


def _declared(key: GatewayKey) -> str:
    return f"headcount[oblivious_key] = {b64encode(key.configuration).decode()}"
