"""Commands that correct a database while no server runs: `annotate`, `retract`, `discard`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import click

from headcount_server.commands.flags import WEEK, Command, database, one_sentence
from headcount_server.store import corrections
from headcount_server.store.database import Database
from headcount_server.week import Week


@click.command(cls=Command)
@database
@click.option("--project", required=True, help="Project of the key.")
@click.option("--key", required=True, help="Key whose totals are taken down.")
@click.option("--week", type=WEEK, help="The one week to take down; without it all, for ever.")
@click.option("--reason", required=True, help="Why; everybody reads it.")
def retract(database: Database, project: str, key: str, week: Week | None, reason: str) -> None:
    """Take down totals that should never have been published.

    A public notice with the reason stays in their place. Without --week the
    key is withheld from later weeks too. Which releases later weeks told apart
    can follow from what is taken down, so their releases are summed up; these
    weeks are listed first. A server on a SQLite file must not
    run: stop it, retract, start it. Copies that others made stay with them, and
    so do your backups.
    """

    def tell(_: Sequence[str], folded: Sequence[str]) -> None:
        if folded:
            click.echo(f"releases are summed up in {', '.join(folded)}")

    with one_sentence():
        weeks = corrections.retract(
            database,
            project=project,
            key=key,
            week=week,
            reason=reason,
            today=_today(),
            plan=tell,
        )
    click.echo(f"{project} {key}: taken down from {', '.join(weeks) or 'no published week'}")
    if week is None:
        click.echo(f"{project} {key}: withheld from every week to come")
    click.echo("backups and exports made before still hold it", err=True)


@click.command(cls=Command)
@database
@click.option("--week", required=True, type=WEEK, help="The week that is explained.")
@click.argument("text")
def annotate(database: Database, week: Week, text: str) -> None:
    """Explain a week, such as an outage, with a TEXT that everybody reads.

    A new text replaces the former, an empty one takes it back. A server on a
    SQLite file must not run: stop it, annotate, start it.
    """
    with one_sentence():
        corrections.annotate(database, week, text)
    click.echo(f"{week}: {text or 'no longer annotated'}")


@click.command(cls=Command)
@database
@click.option("--week", required=True, type=WEEK, help="The open week that is given up.")
def discard(database: Database, week: Week) -> None:
    """Give up an open week, for when its key is lost; published weeks stay.

    Without the key a report that was counted could be counted again, so the
    server does not start. This drops what the week has counted and leaves a
    public notice; the server then begins the week anew.
    """
    with one_sentence():
        corrections.discard(database, week, _today())
    click.echo(f"{week}: dropped; the server begins it anew, and a notice says so")


def _today() -> date:
    return datetime.now(UTC).date()
