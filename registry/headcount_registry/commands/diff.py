"""The command `headcount-registry diff`: the changes between two states, and for whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.terminal import misuse_if_missing, reported_errors
from headcount_registry.evolution import comparison_text
from headcount_registry.evolution.comparison import compare
from headcount_registry.pipeline.snapshot import snapshot

if TYPE_CHECKING:
    from headcount_registry.declarations.model import Registry
    from headcount_registry.evolution.comparison import Comparison

_NOT_COMPARED = 2
"""Exit status if two states cannot be compared."""


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
    (*.lock) or descriptor sets (*.binpb). Each line says whether the change is
    added, retired, renamed, widened, narrowed, reworded or replaced, whether it
    breaks clients or totals, and whether people must be asked for consent again.

    Exit status: 0 compatible, 1 breaking, 2 not compared.
    """
    comparison, _ = compared(old, new, projects)
    _print(comparison, form)


def compared(old: Path, new: Path, projects: tuple[str, ...]) -> tuple[Comparison, Registry]:
    """Return the comparison of two states, and the registry of the second.

    Ends the command if one of them cannot be read, or declares none of the projects.
    """
    misuse_if_missing((old, new))
    with reported_errors("declarations have errors; nothing was compared", _NOT_COMPARED):
        before, after = snapshot(old), snapshot(new)
    known = {project.name for each in (before, after) for project in each.registry.projects}
    if unknown := sorted(set(projects) - known):
        raise click.UsageError(f"--project {unknown[0]}: neither OLD nor NEW declares it.")
    return compare(before, after, projects), after.registry


def _print(comparison: Comparison, form: str) -> None:
    if form == "json":
        click.echo(comparison_text.to_json(comparison), nl=False)
    else:
        for line in comparison_text.text(comparison).splitlines():
            bad = line.startswith("BREAKING") or "[breaks " in line
            click.echo(click.style(line, fg="red") if bad else line)
    if comparison.breaking:
        raise click.exceptions.Exit(1)
