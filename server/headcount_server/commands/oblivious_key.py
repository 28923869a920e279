"""The commands `headcount-server oblivious-key …`: keys that clients behind a relay seal to."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from headcount_server.commands.flags import PATH, Command, database, one_sentence
from headcount_server.doors.oblivious import key_file
from headcount_server.errors import ConfigError
from headcount_server.registry import pinned_keys, schema
from headcount_server.registry.pinned_keys import YEARS, Pin
from headcount_server.store import served_registries
from headcount_server.week import Week

if TYPE_CHECKING:
    from headcount_server.doors.oblivious.encapsulation import GatewayKey
    from headcount_server.store.database import Database

_Command = TypeVar("_Command", bound=Callable[..., object])


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


def _registry(command: _Command) -> _Command:
    option = click.option(
        "--registry", required=True, type=PATH, help="The server's registry.binpb."
    )
    return option(command)


@oblivious_key.command("list", cls=Command)
@database
@_registry
@click.argument("files", type=PATH, nargs=-1)
def list_keys(files: tuple[Path, ...], database: Database, registry: Path) -> None:
    """Print why and until when the key of each of FILES is needed.

    Fails with exit status 1 if none of them holds a key that is needed.
    """
    with one_sentence():
        key_file.needed("FILES")
        pins = _needed(database, registry, datetime.now(UTC))
        held = []
        for file in files:
            key = key_file.read("FILES", file)
            held.append(key.configuration)
            click.echo(f"{file}: key {key.identifier}, {_state(pins.get(_identity(key)))}")
        missing = list(pinned_keys.missing(pins, held))
        if missing:
            raise ConfigError("; ".join(missing))


@oblivious_key.command(cls=Command)
@database
@_registry
@click.argument("file", type=PATH)
def remove(file: Path, database: Database, registry: Path) -> None:
    """Delete FILE if nothing needs its key any more.

    Installed clients seal to the key that they came with. So a key is kept while a
    release of the registry that names it is younger than two years. If a key got
    out, delete its file by hand.
    """
    with one_sentence():
        key_file.needed(str(file))
        pin = _needed(database, registry, datetime.now(UTC)).get(
            _identity(key_file.read("FILE", file))
        )
        if pin:
            msg = f"{file}: kept, because it is {_state(pin)}"
            raise ConfigError(msg)
        key_file.remove(file)
    click.echo(f"{file}: deleted; leave it out of serve --oblivious-key too")


def _needed(database: Database, registry: Path, now: datetime) -> Mapping[bytes, Pin]:
    projects = schema.load(registry).projects.values()
    first = Week.of(now).back(YEARS * 53)
    with database.reading() as connection:
        served = list(served_registries.since(connection, first))
    return pinned_keys.needed(
        pinned_keys.pins((project.declaration for project in projects), served),
        now.date(),
    )


def _state(pin: Pin | None) -> str:
    if pin is None:
        return "needed by nothing"
    return f"needed{f' until {pin.until}' if pin.until else ''}: {pin.why}"


def _identity(key: GatewayKey) -> bytes:
    return pinned_keys.identity(_configuration(key))


def _declared(key: GatewayKey) -> str:
    return f"headcount[oblivious_key] = {_configuration(key)}"


def _configuration(key: GatewayKey) -> str:
    return b64encode(key.configuration).decode()
