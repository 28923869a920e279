"""The commands `headcount-server database …`: to a PostgreSQL server, and back."""

from __future__ import annotations

import click

from headcount_server.commands.flags import DATABASE, Command, one_sentence
from headcount_server.commands.flags import database as database_flag
from headcount_server.quantity import quantity
from headcount_server.store import copying
from headcount_server.store.database import Database


@click.group()
def database() -> None:
    """Prepare a database on a PostgreSQL server, or copy one into another."""


@database.command(cls=Command)
@database_flag
def prepare(database: Database) -> None:
    """Create the tables or bring them up to date; with Citus, distribute them.

    A server creates the tables too when it starts. If its role may not create
    schemas, run this command once with a role that may. Running it again
    changes nothing. If the extension Citus is there, the tables that a report
    touches are distributed by shard and kept together.
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
    help="New SQLite file, or an empty postgresql://USER@HOST/NAME.",
)
def copy(source: Database, target: Database) -> None:
    """Copy everything published, and open weeks, into another database.

    Stop the servers on both databases first. Open weeks continue in the
    database on which you start the servers next; a report counted before is
    not counted again. The copy is compared with its source before it becomes
    visible. If they differ, or anything fails, the target stays as it was and
    the exit status is 1. The source is only read.
    """
    with one_sentence():
        copied = copying.copy(source, target)
    closed = quantity(copied.closed_weeks, "closed week")
    click.echo(f"{target}: {closed} of {source}, compared and the same")
    if copied.open_weeks:
        weeks = ", ".join(copied.open_weeks)
        reports = quantity(copied.tokens, "report")
        click.echo(f"open: {weeks}, with {reports} not to be counted again")
        click.echo(
            f"{source} holds tokens and exact totals of {weeks} too: start no server on it again, "
            "and destroy it once servers run on the copy (docs/operators/postgresql.md)",
            err=True,
        )
