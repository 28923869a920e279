"""The command `headcount-registry infer`: a draft from what already runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.terminal import misuse_if_missing, reported_errors
from headcount_registry.declarations import names
from headcount_registry.emitters.text import plain
from headcount_registry.emitters.wording import quantity
from headcount_registry.errors import SourceError
from headcount_registry.inference import draft_text, hooks
from headcount_registry.inference.draft_text import Found
from headcount_registry.inference.guess import guess
from headcount_registry.inference.payloads import Payloads, snake

if TYPE_CHECKING:
    from headcount_registry.inference.hooks import Told, Unread

_PHP = frozenset({".php", ".inc", ".module", ".install", ".profile", ".theme"})
_LARGEST = 64 << 20
_STANDARD_INPUT = "-"


@dataclass(slots=True)
class _Sources:
    """What all given files say."""

    payloads: Payloads = field(default_factory=Payloads)
    told: list[Told] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def take(self, path: Path) -> None:
        """Read one file, or standard input. Raises `SourceError`."""
        origin = "standard input" if str(path) == _STANDARD_INPUT else str(path)
        text = _text(path, origin)
        self.files.append(plain(origin))
        if path.suffix in _PHP or text.lstrip().startswith("<?php"):
            found = hooks.read(text, origin)
            self.told += found.told
            self.unread += found.unread
        else:
            self.payloads.add(text, origin)

    def projects(self) -> list[str]:
        """Return the projects that the files name, `""` for payloads that name none."""
        named = {project for project, _ in self.payloads.keys}
        return sorted(named | {each.project for each in self.told})

    def keys(self, *projects: str) -> list[Found]:
        """Return what is known of each key of some projects, by name."""
        samples = {
            name: each
            for (project, name), each in self.payloads.keys.items()
            if project in projects
        }
        told = {
            snake(name): each
            for (project, name), each in hooks.merged(self.told).items()
            if project in projects
        }
        return [
            Found(
                name,
                tuple(sorted(samples[name].spellings)) if name in samples else (),
                guess(samples[name]) if name in samples else None,
                told.get(name),
            )
            for name in sorted(samples.keys() | told.keys())
        ]


@click.command("infer")
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
)
@click.option(
    "--project",
    default="",
    help="Name of the project, if FILE names none; the one to draft, if FILE has several.",
)
def infer_command(paths: tuple[Path, ...], project: str) -> None:
    """Draft declarations from payloads that are sent today, or from a PHP module.

    FILE is JSON (one object, an array of them, or one a line; - for standard
    input), or PHP with a hook_telemetry_info(), whose literal arrays are read;
    it is never run. Several FILEs make one draft, in which a hook gives the
    words and payloads the types. The draft goes to standard output, and what a
    person must look at to standard error.

    The draft says why it chose each type. What only people know is marked TODO,
    and headcount-registry check refuses it until it is written.

    Exit status: 0 drafted, 1 not read or nothing found, 2 misuse.
    """
    misuse_if_missing(path for path in paths if str(path) != _STANDARD_INPUT)
    if project and not names.is_project_name(project):
        raise click.UsageError(f"--project {project}: is no name for a project.")
    sources = _Sources()
    with reported_errors():
        for path in paths:
            sources.take(path)
        chosen, merged = _chosen(sources.projects(), project)
        keys = sources.keys(*merged)
        for warning in draft_text.warnings(keys, sources.unread):
            click.echo(f"warning: {warning}", err=True)
        if not keys:
            raise SourceError(_nothing(sources))
    extent = quantity(sources.payloads.count, "payload")
    about = f"{', '.join(sources.files)} ({extent})" if sources.payloads.count else sources.files[0]
    click.echo(draft_text.emit(chosen, about, keys, sources.unread), nl=False)


def _chosen(found: list[str], wanted: str) -> tuple[str, list[str]]:
    """Return the name of the project to draft, and the names under which the files have it."""
    named = [each for each in found if each]
    if len(named) > 1 and wanted not in named:
        raise click.UsageError(f"--project: name one that the files have: {', '.join(named)}.")
    if wanted:
        return wanted, ["", wanted if wanted in named or not named else named[0]]
    name = names.suggestion(named[0]) if named else ""
    if found and not name:
        raise click.UsageError("--project: is missing; the files name no project.")
    return name, ["", *named]


def _nothing(sources: _Sources) -> str:
    where = ", ".join(sources.files)
    return (
        f"{where}: nothing to draft from; give payloads as JSON, or a PHP file with a function"
        f" MODULE{hooks.HOOK}() that has literal arrays"
    )


def _text(path: Path, origin: str) -> str:
    try:
        with sys.stdin.buffer if str(path) == _STANDARD_INPUT else path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise SourceError(f"{origin}: cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise SourceError(f"{origin}: has more than {_LARGEST >> 20} MiB; give some of the samples")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{origin}:{line}: not valid UTF-8; save it as UTF-8") from error
