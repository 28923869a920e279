"""Commands that keep a database safe: `backup`, `restore`, `check`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from headcount_server.commands.flags import PATH, Command, database, one_sentence
from headcount_server.errors import StoreError
from headcount_server.quantity import quantity
from headcount_server.store.database import Database
from headcount_server.store.sqlite import backup as copying

_DUMP = (
    "use pg_dump and pg_restore, with --exclude-table-data='headcount_*.*', which leaves out open "
    "weeks and their keys (docs/operators/postgresql.md)"
)


@click.command(cls=Command)
@database
@click.option(
    "--open-weeks",
    is_flag=True,
    help="Copy open weeks too: tokens, exact totals, and their keys beside FILE.",
)
@click.argument("file", type=PATH)
def backup(database: Database, file: Path, open_weeks: bool) -> None:  # noqa: FBT001 - a flag
    """Copy everything published to FILE and verify the copy.

    Works beside a running server. Open weeks are left out, because a copy would
    keep what their close destroys. After a restore the server begins them anew.
    """
    with one_sentence():
        content = copying.back_up(_file(database), file, open_weeks=open_weeks)
    click.echo(f"{file}: {_weeks(content)}, verified")
    if content.open_weeks:
        click.echo(
            f"{file} and {file}.keys hold tokens and exact totals of "
            f"{', '.join(content.open_weeks)}: destroy both when these weeks close",
            err=True,
        )


@click.command(cls=Command)
@database
@click.option(
    "--former",
    type=PATH,
    help="The former database; its retractions are applied to the backup.",
)
@click.argument("backup", type=PATH)
def restore(database: Database, backup: Path, former: Path | None) -> None:
    """Put a BACKUP in the place of a lost database.

    The server must not run. If anything is left of the former database, move it
    away first. Everything published since the backup is lost. An open week of the
    backup whose close is past is given up, with a public notice: it may have been
    published already, and a week is published once.
    """
    with one_sentence():
        restored = copying.restore(backup, _file(database), datetime.now(UTC), former)
    click.echo(f"{database}: {_weeks(restored.content)}, verified; start the server")
    for week in restored.given_up:
        click.echo(f"{week}: past its close, so it is given up; a public notice says so")
    if former is None and restored.content.closed_weeks:
        click.echo(
            "what was retracted since the backup is public again: name the former database with "
            "--former, or retract it again",
            err=True,
        )


def _file(database: Database) -> Path:
    if database.files:
        return database.files[0]
    msg = f"--database {database}: this command is for SQLite files; {_DUMP}"
    raise StoreError(msg)


def _weeks(content: copying.Content) -> str:
    closed = quantity(content.closed_weeks, "closed week")
    return f"{closed}, {len(content.open_weeks)} open" if content.open_weeks else closed


@click.command(cls=Command)
@database
def check(database: Database) -> None:
    """Examine a database and say, table by table, what it holds.

    Works beside a running server. Fails if something is damaged, unknown,
    impossible, or left over from a closed week.
    """
    with one_sentence():
        found = database.audit()
        click.echo(f"{database}: schema {found.schema}\n")
        name = max(len(table.name) for table in found.tables)
        rows = max(len(str(table.rows)) for table in found.tables)
        for table in found.tables:
            what = table.a_row_is or "UNKNOWN"
            click.echo(f"{table.name:{name}}  {table.rows:>{rows}}  a row is {what}")
        click.echo(f"\nkeys of open weeks  {', '.join(found.keys) or 'none'}")
        log = "kept by PostgreSQL" if found.log_bytes is None else f"{found.log_bytes} bytes"
        click.echo(f"write-ahead log     {log}\n")
        if found.findings:
            raise StoreError("\n  ".join([f"{database}: not as it should be", *found.findings]))
        click.echo("No table describes a report: rows are totals of a week, or lone token hashes.")
        click.echo(
            "While a week is open its totals are exact; those of one report are that report."
        )
