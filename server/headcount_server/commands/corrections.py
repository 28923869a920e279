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
@click.option(
    "--week", type=WEEK, help="Take down this week only; without it, all weeks, for ever."
)
@click.option("--reason", required=True, help="The reason; everybody can read it.")
def retract(database: Database, project: str, key: str, week: Week | None, reason: str) -> None:
    """Take down totals that should never have been published.

    A public notice with the reason takes their place. Without --week, the key
    is withheld from later weeks too. Which releases later weeks told apart can
    follow from what is taken down, so their releases are summed up; these weeks
    are listed first. No server may run on a SQLite file: stop it, retract, start
    it again. Your backups and other people's copies still contain the totals.
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
@click.option("--week", required=True, type=WEEK, help="The week to explain.")
@click.argument("text")
def annotate(database: Database, week: Week, text: str) -> None:
    """Attach a TEXT that everybody can read to a week, such as one with an outage.

    A new text replaces the old one, and an empty text removes it. No server may
    run on a SQLite file: stop it, annotate, start it again.
    """
    with one_sentence():
        corrections.annotate(database, week, text)
    click.echo(f"{week}: {text or 'no longer annotated'}")


@click.command(cls=Command)
@database
@click.option("--week", required=True, type=WEEK, help="The open week to give up.")
def discard(database: Database, week: Week) -> None:
    """Give up an open week whose key is lost; published weeks stay.

    Without the key, the server could count a report twice, so it does not
    start. This command drops what the week has counted and leaves a public
    notice. The server then begins the week anew.
    """
    with one_sentence():
        corrections.discard(database, week, _today())
    click.echo(f"{week}: dropped; the server begins it anew, and a notice says so")


def _today() -> date:
    return datetime.now(UTC).date()
