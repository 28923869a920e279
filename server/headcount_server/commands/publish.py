"""The command `headcount-server publish`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from headcount_server.commands.delivery_flags import DESTINATION, destinations
from headcount_server.commands.flags import (
    PATH,
    PREFIX,
    Command,
    database,
    one_sentence,
)
from headcount_server.destinations import ledger as notes
from headcount_server.destinations.contract import Destination
from headcount_server.destinations.ledger import CommandLedger, Ledger
from headcount_server.destinations.publisher import deliver
from headcount_server.destinations.url import DestinationUrl
from headcount_server.doors.corrections import ask
from headcount_server.errors import DeliveryError, StoreError
from headcount_server.quantity import quantity
from headcount_server.store.database import Database

_TURN_SECONDS = 30.0
"""Seconds that the command waits for a server that is delivering."""


@click.command(cls=Command)
@database
@click.option(
    "--to",
    multiple=True,
    required=True,
    type=DESTINATION,
    envvar=f"{PREFIX}PUBLISH_TO",
    show_envvar=True,
    metavar="URL",
    help="A database or a search engine, such as mysql+pymysql://USER@HOST/NAME; repeatable.",
)
@click.option(
    "--credentials",
    type=PATH,
    metavar="FILE",
    help="URLs with their passwords, one a line, for the URLs that are named without.",
)
@click.option(
    "--anew", is_flag=True, help="Give every week again, and remove weeks that are not published."
)
def publish(
    database: Database,
    to: tuple[DestinationUrl, ...],
    credentials: Path | None,
    anew: bool,  # noqa: FBT001 - a flag
) -> None:
    """Give published totals to other databases and to search engines.

    A destination gets the weeks that it lacks, and those that were corrected
    since, which go first. Running it again changes nothing. It works beside a
    running server; `serve --publish-to` does the same after each close.
    """
    failed = False
    with one_sentence():
        found = destinations("--to", to, credentials)
        ledger = CommandLedger(database, lambda asked: _hand_over(database, asked))
        with _turn(ledger):
            for destination in found:
                try:
                    weeks = _publish(destination, ledger, anew=anew)
                except DeliveryError as error:
                    click.echo(f"Error: {error}", err=True)
                    failed = True
                else:
                    click.echo(f"{destination}: given {quantity(weeks, 'week')}; it has them all")
    if failed:
        raise click.exceptions.Exit(1)


def _publish(destination: Destination, ledger: Ledger, *, anew: bool) -> int:
    if anew:
        ledger.note({"note": "forgotten", "destination": str(destination)})
        with destination.connected() as connected:
            connected.keep(notes.published(ledger))
    return deliver(destination, ledger)


@contextmanager
def _turn(ledger: Ledger) -> Iterator[None]:
    """Hold the right to deliver, which a server has only while it delivers."""
    deadline = time.monotonic() + _TURN_SECONDS
    while True:
        with ExitStack() as stack:
            if stack.enter_context(ledger.delivering()):
                yield
                return
        if time.monotonic() > deadline:
            msg = "a server or another command is delivering; try again in some minutes"
            raise StoreError(msg)
        time.sleep(0.2)


def _hand_over(database: Database, asked: Mapping[str, str | None]) -> bool:
    return database.socket is not None and ask(database.socket, asked) is not None
