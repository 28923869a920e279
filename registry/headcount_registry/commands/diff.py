"""The commands that compare: `diff` and `release`."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.terminal import Progress, counted, fail, misuse_if_missing, show
from headcount_registry.errors import DeclarationsError, RegistryError
from headcount_registry.evolution import comparison_text, history
from headcount_registry.evolution.comparison import compare
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import DESCRIPTOR_SET, build
from headcount_registry.pipeline.snapshot import snapshot

if TYPE_CHECKING:
    from headcount_registry.evolution.comparison import Comparison
    from headcount_registry.pipeline.build import Build

_MISUSE = 2


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or JSON for programs.",
)
@click.option("--project", "projects", multiple=True, help="Compare this project only; repeatable.")
def diff_command(old: Path, new: Path, form: str, projects: tuple[str, ...]) -> None:
    """Say what changed between two states, and for whom.

    OLD and NEW are directories, files or archives of declarations, locks
    (*.lock) or descriptor sets (*.binpb). Each change is said to be added,
    retired, renamed, widened, narrowed, reworded or replaced, whether it breaks
    clients or totals, and whether people must be asked for consent again.

    Exit status: 0 compatible, 1 breaking, 2 not compared.
    """
    misuse_if_missing((old, new))
    try:
        before, after = snapshot(old), snapshot(new)
    except DeclarationsError as error:
        show(error.findings)
        fail("declarations have errors; nothing was compared", _MISUSE)
    except RegistryError as error:
        fail(str(error), _MISUSE)
    known = {project.name for each in (before, after) for project in each.registry.projects}
    if unknown := sorted(set(projects) - known):
        raise click.UsageError(f"--project {unknown[0]}: neither OLD nor NEW declares it.")
    _print(compare(before, after, projects), form)


def _print(comparison: Comparison, form: str) -> None:
    if form == "json":
        click.echo(comparison_text.to_json(comparison), nl=False)
    else:
        for line in comparison_text.text(comparison).splitlines():
            bad = line.startswith("BREAKING") or "[breaks " in line
            click.echo(click.style(line, fg="red") if bad else line)
    if comparison.breaking:
        raise click.exceptions.Exit(1)


@click.command("release")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--name", required=True, help="What the release is called, such as 1.2.")
@click.option(
    "--date",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="Its day.  [default: today, in UTC]",
)
@click.option(
    "--lock",
    "lock_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of permanent numbers, as for build.",
)
@click.option("--note", default="", help="Why, in a sentence or two, for the pages of changes.")
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
    """Enter what changed since the last release into the history.

    Compares the declarations with the last release, adds a line to
    registry.history and keeps the descriptor set as registry.released.binpb,
    both beside the lock, which must be up to date. Commit them, and run build
    with --changes to bring the page up to date, and what servers show.
    """
    misuse_if_missing(paths)
    numbers = lock_file or lock_path(paths)
    progress = Progress()
    try:
        built = build(paths, numbers, progress)
        progress.done()
        day = (date or dt.datetime.now(dt.UTC)).date().isoformat()
        entry = history.Release(name, day, (), " ".join(note.split()))
        comparison = _enter(built, numbers, entry, breaking=breaking)
    except DeclarationsError as error:
        progress.done()
        show(error.findings)
        fail(counted(sum(each.is_error for each in error.findings), "error") + "; nothing written")
    except RegistryError as error:
        progress.done()
        fail(str(error))
    click.echo(f"{name}: {counted(len(comparison.changes), 'change')}")


def _enter(built: Build, lock_file: Path, entry: history.Release, *, breaking: bool) -> Comparison:
    """Enters what changed under the name, day and note of an entry."""
    name = entry.release
    if not lock_file.is_file() or lock_file.read_bytes() != built.lock:
        fail(f"{lock_file}: out of date; run `headcount-registry build` first")
    past = history.releases(lock_file)
    if any(release.release == name for release in past):
        fail(
            f"{history.history_path(lock_file)}: has a release {name} already; choose another name"
        )
    comparison = history.since_release(built.registry, lock_file)
    if comparison.breaking and not breaking:
        click.echo(comparison_text.text(replace(comparison, new=name)), nl=False)
        fail("nothing written; mend what breaks, or give --breaking")
    entry = replace(entry, changes=comparison.changes)
    lines = "".join(release.line() + "\n" for release in (*past, entry))
    todo = output.Plan(
        {
            history.history_path(lock_file): lines.encode(),
            history.released_path(lock_file): built.files[DESCRIPTOR_SET],
        },
        (),
    )
    output.apply(todo, lock_file.parent)
    return comparison
