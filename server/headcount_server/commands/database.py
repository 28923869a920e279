"""The commands `headcount-server database …`: to a PostgreSQL server, and back."""

from __future__ import annotations

import click

from headcount_server.commands.flags import DATABASE, Command, one_sentence
from headcount_server.commands.flags import database as database_flag
from headcount_server.store import copying
from headcount_server.store.database import Database


@click.group()
def database() -> None:
    """Prepare a database on a PostgreSQL server, or copy one into another."""


@database.command(cls=Command)
@database_flag
def prepare(database: Database) -> None:
    """Make the tables or bring them up to date, and distribute them where Citus is.

    Servers make the tables too when they start; a role that may not create
    schemas needs this once, by one that may. Doing it again changes nothing.
    With the extension Citus the tables that a report touches are distributed
    by shard and kept together.
    """
    with one_sentence():
        for line in database.prepare():
            click.echo(line)


@database.command(cls=Command)
@click.option(
    "--from",
    "source",
    type=DATABASE,
    required=True,
    help="SQLite file, or postgresql://USER@HOST/NAME, to copy.",
)
@click.option(
    "--to",
    "target",
    type=DATABASE,
    required=True,
    help="SQLite file that is made, or postgresql://USER@HOST/NAME that is empty.",
)
def copy(source: Database, target: Database) -> None:
    """Copy all that is published, and open weeks, into another database.

    Servers have to be stopped on both. Open weeks go on counting where the
    servers are started next: what was counted before is not counted again.
    Both databases are read and compared before the copy stands; where they
    differ, or anything fails, the target is left as it was and the exit status
    is 1. The source is only read.
    """
    with one_sentence():
        copied = copying.copy(source, target)
    click.echo(f"{target}: {copied.closed_weeks} closed weeks of {source}, compared and the same")
    if copied.open_weeks:
        weeks = ", ".join(copied.open_weeks)
        click.echo(f"open: {weeks}, with {copied.tokens} reports that are not counted again")
        click.echo(
            f"{source} holds tokens and exact totals of {weeks} too: start no server on it again, "
            "and destroy it once servers run on the copy (docs/operators/postgresql.md)",
            err=True,
        )
