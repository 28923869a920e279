"""Commands that correct a database: `annotate`, `coverage`, `retract`, `discard`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from headcount_server.commands.flags import WEEK, Command, Number, database, one_sentence
from headcount_server.doors.corrections import ask
from headcount_server.store import corrections
from headcount_server.store.corrections import Correction
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
    are listed first. The server may run. Your backups and other people's copies
    still contain the totals.
    """
    done = _correct(database, "retract", week, project=project, key=key, reason=reason)
    if done.folded:
        click.echo(f"releases are summed up in {', '.join(done.folded)}")
    weeks = done.weeks
    click.echo(f"{project} {key}: taken down from {', '.join(weeks) or 'no published week'}")
    if week is None:
        click.echo(f"{project} {key}: withheld from every week to come")
    click.echo("backups, exports, mail and webhooks made before still hold it", err=True)


@click.command(cls=Command)
@database
@click.option("--week", required=True, type=WEEK, help="The week to explain.")
@click.argument("text")
def annotate(database: Database, week: Week, text: str) -> None:
    """Attach a TEXT that everybody can read to a week, such as one with an outage.

    A new text replaces the old one, and an empty text removes it. The server may run.
    """
    _correct(database, "annotate", week, text=text)
    click.echo(f"{week}: {text or 'no longer annotated'}")


@click.command(cls=Command)
@database
@click.option("--project", required=True, help="Project whose installations were counted.")
@click.option("--week", required=True, type=WEEK, help="The week for which the number holds.")
@click.option(
    "--installations",
    required=True,
    type=Number(int, f"0 to {corrections.MAX_INSTALLATIONS}"),
    help="How many installations exist; 0 takes the number back.",
)
@click.option(
    "--source", default="", help="Where the number comes from, such as update checks; public."
)
def coverage(database: Database, project: str, week: Week, installations: int, source: str) -> None:
    """State how many installations of a project exist, by another source.

    Pages and files show it beside the number of reports, so that readers see what
    part reports. A new number replaces the old one. The server may run.
    """
    _correct(
        database,
        "coverage",
        week,
        project=project,
        installations=str(installations),
        source=source,
    )
    said = f"{installations} installations, source: {source}" if installations else "taken back"
    click.echo(f"{project} {week}: {said}")


@click.command(cls=Command)
@database
@click.option("--week", required=True, type=WEEK, help="The open week to give up.")
def discard(database: Database, week: Week) -> None:
    """Give up an open week whose key is lost; published weeks stay.

    Without the key, the server could count a report twice, so it does not
    start. This command drops what the week has counted and leaves a public
    notice. The server then begins the week anew.
    """
    _correct(database, "discard", week)
    click.echo(f"{week}: dropped; the server begins it anew, and a notice says so")


def _correct(database: Database, correction: str, week: Week | None, **more: str) -> Correction:
    """Let the server that runs on a database correct it, or do so if none runs."""
    asked = {
        "correction": correction,
        "week": None if week is None else str(week),
        "today": datetime.now(UTC).date().isoformat(),
        **more,
    }
    with one_sentence():
        done = None if database.socket is None else ask(database.socket, asked)
        return corrections.correct(database, asked) if done is None else done
