"""Commands that keep a database safe: `backup`, `restore`, `check`."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import click

from headcount_server.commands.flags import PATH, Command, database, one_sentence
from headcount_server.errors import StoreError
from headcount_server.log.verification import verify
from headcount_server.publication.log_leaves import Head
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
@click.option(
    "--bundle",
    type=PATH,
    help="The newest bundle with a log, if the former database is gone; does the same.",
)
@click.argument("backup", type=PATH)
def restore(database: Database, backup: Path, former: Path | None, bundle: Path | None) -> None:
    """Put a BACKUP in the place of a lost database.

    The server must not run. If anything is left of the former database, move it
    away first. Everything published since the backup is lost. An open week of the
    backup whose close is past is given up, with a public notice: it may have been
    published already, and a week is published once. Unless --former or --bundle
    shows that nothing was published since, a new log of publications begins.
    """
    if former is not None and bundle is not None:
        msg = "--former and --bundle: both say what was published since; leave one of them out"
        raise click.UsageError(msg)
    with one_sentence():
        known = _former(former, bundle)
        restored = copying.restore(backup, _file(database), datetime.now(UTC), known)
    click.echo(f"{database}: {_weeks(restored.content)}, verified; start the server")
    for week in restored.given_up:
        click.echo(f"{week}: past its close, so it is given up; a public notice says so")
    if restored.after is not None:
        weeks = f"weeks up to {restored.after}" if restored.after else "no week that there was"
        click.echo(f"a new log of publications begins, and says that it cannot vouch for {weeks}")
    if known is None and restored.content.closed_weeks:
        click.echo(
            "what was retracted since the backup is public again: name the former database with "
            "--former or the newest bundle with --bundle, or retract it again",
            err=True,
        )


def _former(database: Path | None, bundle: Path | None) -> copying.Former | None:
    if database is not None:
        return copying.former_database(database)
    if bundle is None:
        return None
    found = verify(bundle)
    head = found.checkpoint
    return copying.former_log(
        [leaf for each in found.history.retractions.values() for leaf in each],
        Head(found.history.log, head.size, b64encode(head.root).decode()),
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
