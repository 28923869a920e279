"""The command `headcount-registry init`: a first declaration."""

from __future__ import annotations

from pathlib import Path

import click

from headcount_registry.commands.terminal import fail
from headcount_registry.declarations import names
from headcount_registry.pipeline.new_declaration import first_declaration


@click.command("init")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--project", default="", help="Name of the project.  [default: that of DIR]")
@click.option("--title", default="", help="Its name as people read it.  [default: the name]")
def init_command(directory: Path, project: str, title: str) -> None:
    """Write a first declaration to edit, and say what to type next.

    DIR is created if it does not exist. Existing files are not overwritten.
    """
    name = project or names.suggestion(directory.resolve().name)
    if not names.is_project_name(name):
        better = names.suggestion(project)
        remedy = f", such as --project {better}" if better else ""
        raise click.UsageError(
            f"`{name or directory}` is no name for a project: give one of lower-case letters,"
            f" digits and single underscores, at most 40{remedy}."
        )
    if _is_no_title(title):
        raise click.UsageError("--title: write it on one line, without quotes around it.")
    file = directory / f"{name}.info"
    text = first_declaration(name, title or name.replace("_", " ").capitalize())
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        fail(f"{file}: is there already; edit it, or give --project another name")
    except OSError as error:
        fail(f"{file}: cannot be written: {error.strerror}")
    click.echo(
        f"{file}: written. Say in it what you want to know, add a key with\n"
        f"  headcount-registry new-key {file} NAME\n"
        "and compile it with\n"
        f"  headcount-registry build {directory} --out generated"
    )


def _is_no_title(title: str) -> bool:
    """Return whether a title needs quoting in a line of an `.info` file."""
    return not title.isprintable() or title != title.strip() or title[:1] in {'"', "'"}
