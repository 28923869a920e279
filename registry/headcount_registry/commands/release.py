"""The command `headcount-registry release`: enter changes into the history."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.arguments import lock_option, paths_argument
from headcount_registry.commands.terminal import fail, misuse_if_missing, reported_errors
from headcount_registry.emitters.wording import quantity
from headcount_registry.evolution import comparison_text, history
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import DESCRIPTOR_SET, build

if TYPE_CHECKING:
    from headcount_registry.evolution.comparison import Comparison
    from headcount_registry.pipeline.build import Build


@click.command("release")
@paths_argument
@click.option("--name", required=True, help="Name of the release, such as 1.2.")
@click.option(
    "--date",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="Day of the release.  [default: today, in UTC]",
)
@lock_option(", as for build.")
@click.option("--note", default="", help="Reason, in a sentence or two, for the pages of changes.")
@click.option("--breaking", is_flag=True, help="Release although clients or totals break.")
def release_command(  # noqa: PLR0913 - one for each option
    paths: tuple[Path, ...],
    name: str,
    date: dt.datetime | None,
    lock_file: Path | None,
    note: str,
    *,
    breaking: bool,
) -> None:
    """Enter the changes since the last release into the history.

    Compares the declarations with the last release, adds a line to
    registry.history and saves the descriptor set as registry.released.binpb.
    Both files are beside the lock, which must be up to date. Commit them, then
    run build with --changes to update the page and what servers show.
    """
    misuse_if_missing(paths)
    numbers = lock_file or lock_path(paths)
    day = (date or dt.datetime.now(dt.UTC)).date().isoformat()
    entry = history.Release(name, day, (), " ".join(note.split()))
    with reported_errors() as progress:
        built = build(paths, numbers, progress)
        progress.done()
        comparison = _enter(built, numbers, entry, breaking=breaking)
    click.echo(f"{name}: {quantity(len(comparison.changes), 'change')}")


def _enter(built: Build, lock_file: Path, entry: history.Release, *, breaking: bool) -> Comparison:
    """Enter the changes under the name, day and note of an entry."""
    if not lock_file.is_file() or lock_file.read_bytes() != built.lock:
        fail(f"{lock_file}: out of date; run `headcount-registry build` first")
    all_releases = history.entered(built.registry, lock_file, entry)
    comparison = history.since_release(built.registry, lock_file)
    if not breaking:
        refuse_breaking(comparison, entry.release, "mend what breaks, or give --breaking")
    written = history.files(all_releases[-1], built.files[DESCRIPTOR_SET], lock_file)
    output.apply(output.Plan(written, ()), lock_file.parent)
    return comparison


def refuse_breaking(comparison: Comparison, name: str, remedy: str) -> None:
    """End the command, with all changes, if one of them breaks clients or totals."""
    if comparison.breaking:
        click.echo(comparison_text.text(replace(comparison, new=name)), nl=False)
        fail(f"nothing written; {remedy}")
