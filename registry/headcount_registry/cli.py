"""The command `headcount-registry`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from headcount_registry import output
from headcount_registry.build import build, lock_path
from headcount_registry.errors import DeclarationsError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.build import Build
    from headcount_registry.finding import Finding

_COLOURS = {"error": "red", "warning": "yellow"}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headcount-registry")
def main() -> None:
    """Compile declarations of what a project counts into schema and clients.

    \b
    Declarations are lines of .info files:
        telemetry[web_server][label] = Web server
        telemetry[web_server][type] = choice
        telemetry[web_server][values][] = Apache

    Exit status: 0 done, 1 the declarations (or, with --check, the files) are
    not in order, 2 the command was misused.
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is


@main.command("build")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for everything that is generated.",
)
@click.option(
    "--lock",
    "lock_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of permanent numbers; keep it under version control."
    "  [default: registry.lock in the first PATH, or beside it if it is a file]",
)
@click.option("--check", is_flag=True, help="Write nothing; say which files are out of date.")
def build_command(
    paths: tuple[Path, ...], out: Path, lock_file: Path | None, *, check: bool
) -> None:
    """Build schema, descriptor set and typed clients.

    PATH is an .info file, or a directory whose .info files are all read.
    Written below the output directory are one .proto file for each project,
    registry.binpb for the server, and a Python package for each project; the
    numbers of new keys are entered in the lock. Either all files are written
    or none.

    A key that is no longer declared is retired: its number and name are
    reserved for ever. Give all declarations in one call.
    """
    _misuse_if_missing(paths)
    numbers = lock_file or lock_path(paths)
    try:
        built = build(paths, numbers)
        todo = output.plan(built.files, out, numbers, built.lock)
        _show(built.findings)
        if check:
            _check(todo)
        else:
            output.apply(todo, out)
    except DeclarationsError as error:
        _show(error.findings)
        _fail(
            _counted(sum(each.is_error for each in error.findings), "error") + "; nothing written"
        )
    except RegistryError as error:
        _fail(str(error))
    _summarize(built)


def _misuse_if_missing(paths: Iterable[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path}: no such file or directory.")


def _check(todo: output.Plan) -> None:
    if todo.out_of_date:
        for line in todo.out_of_date:
            click.echo(line, err=True)
        _fail(
            _counted(len(todo.out_of_date), "file")
            + " out of date; run `headcount-registry build` without --check"
        )


def _show(findings: Iterable[Finding]) -> None:
    for finding in findings:
        word = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
        click.echo(f"{finding.location}: {word} {finding.message} [{finding.check}]", err=True)


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise click.exceptions.Exit(1)


def _summarize(built: Build) -> None:
    projects = built.registry.projects
    keys = sum(len(project.keys) for project in projects)
    click.echo(f"{_counted(len(projects), 'project')}, {_counted(keys, 'key')}")
    for word, changed in (
        ("new", built.changes.added),
        ("retired", built.changes.retired),
        ("declared again", built.changes.revived),
        ("renamed", built.changes.renamed),
    ):
        if changed:
            click.echo(f"{word}: {_shortened(changed)}")


def _shortened(names: tuple[str, ...], shown: int = 12) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    main()
