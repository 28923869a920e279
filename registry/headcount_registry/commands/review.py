"""The command `headcount-registry review`: the request for a data steward."""

from __future__ import annotations

from pathlib import Path

import click

from headcount_registry.commands.diff import compared
from headcount_registry.emitters import review_request


@click.command("review")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--project", "projects", multiple=True, help="Review this project only; repeatable.")
@click.option(
    "--threshold",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Threshold of the server that will publish the numbers.",
)
def review_command(old: Path, new: Path, projects: tuple[str, ...], threshold: int) -> None:
    """Write the request for a review of a change, in Markdown.

    OLD and NEW are as for diff, but no locks, which have no words. The request
    says what is new and why, what changes, who is asked again, how large the
    smallest published group is, and which keys may follow from each other. It
    ends with the questions that only people can answer.

    Exit status: 0 written, 2 not compared.
    """
    for path in (old, new):
        if path.suffix == ".lock":
            raise click.UsageError(f"{path}: a lock has no words to review; name declarations.")
    comparison, after = compared(old, new, projects)
    click.echo(review_request.emit(comparison, after, threshold), nl=False)
