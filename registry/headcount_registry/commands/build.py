"""The command `headcount-registry build`."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.arguments import (
    lock_option,
    paths_argument,
    receiver_options,
)
from headcount_registry.commands.release import refuse_breaking
from headcount_registry.commands.terminal import (
    fail_if_out_of_date,
    misuse_if_missing,
    print_findings,
    reported_errors,
)
from headcount_registry.emitters import changes_page, keys_page
from headcount_registry.emitters.wording import quantity
from headcount_registry.evolution import history
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import DESCRIPTOR_SET, Receiver, build
from headcount_registry.reading.memory import Memory, memory_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.pipeline.build import Build


@click.command("build")
@paths_argument
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for all generated files.",
)
@lock_option(
    "; keep it under version control."
    "  [default: registry.lock in the first PATH, or beside it if it is a file]"
)
@click.option(
    "--docs",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a page of every key, in Markdown, to this file.",
)
@click.option(
    "--changes",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write a page of changes, release by release, to this file.",
)
@receiver_options
@click.option(
    "--release",
    "name",
    default="",
    help="Also enter the changes into the history, under this name, as release does.",
)
@click.option("--note", default="", help="Reason of the release, for the pages of changes.")
@click.option("--check", is_flag=True, help="Write nothing; say which files are out of date.")
def build_command(  # noqa: PLR0913 - one for each option
    paths: tuple[Path, ...],
    out: Path,
    lock_file: Path | None,
    docs: Path | None,
    changes: Path | None,
    endpoint: str,
    recipient: str,
    name: str,
    note: str,
    *,
    check: bool,
) -> None:
    """Build schema, descriptor set and typed clients.

    PATH is an .info file, a directory whose .info files are all read, or a
    release archive (.zip, .tar.gz), read like the directory in it. The output
    directory gets a .proto file for each project, registry.binpb for the server,
    registry.json for other tools, and a Python package for each project with
    the text that people read before they agree;
    the numbers of new keys are entered in the lock. Either all files are
    written or none.

    A directory of release archives, at any depth and without .info files, is
    read by project: the newest release of each counts. Archives that have not
    changed since the last build are not read again; what is known of them is
    in registry.releases.json beside the lock.

    With --release, build and release are one step. It is refused if a change breaks
    clients or totals, since somebody has to decide that: see diff and release.

    A key that is no longer declared is retired: its number and name are
    reserved for ever. Give all declarations in one call.
    """
    misuse_if_missing(paths)
    if (note or check) and bool(name) is check:
        raise click.UsageError("--note belongs to --release, which --check excludes.")
    numbers = lock_file or lock_path(paths)
    with reported_errors() as progress, _remembered(memory_path(numbers), keep=not check) as memory:
        receiver = Receiver(endpoint, recipient)
        built = build(paths, numbers, progress, receiver, memory, _entry(name, note))
        documents = _documents(built, numbers, docs, changes)
        if name:
            comparison = history.since_release(built.registry, numbers)
            refuse_breaking(comparison, name, "decide with `headcount-registry release`")
            documents |= history.files(built.releases[-1], built.files[DESCRIPTOR_SET], numbers)
        todo = output.plan(built.files, out, numbers, built.lock, documents)
        progress.done()
        print_findings(built.findings)
        if check:
            fail_if_out_of_date(todo, "build")
        progress(f"writing {quantity(len(todo.write), 'file')}")
        output.apply(todo, out)
    _summarize(built)
    if name:
        click.echo(f"released as {name}: {quantity(len(built.releases[-1].changes), 'change')}")
    if memory.read or memory.unchanged:
        click.echo(f"{quantity(memory.read, 'archive')} read, {memory.unchanged} unchanged")


@contextmanager
def _remembered(file: Path, *, keep: bool) -> Iterator[Memory]:
    """Give what earlier builds know of archives; keep what this one knows, even if it fails."""
    memory = Memory(file.read_text("utf-8", "replace") if file.is_file() else "")
    try:
        yield memory
    finally:
        if keep and (memory.read or file.exists()):
            output.apply(output.Plan({file: memory.text().encode()}, ()), file.parent)


def _entry(name: str, note: str) -> history.Release | None:
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return history.Release(name, today, (), " ".join(note.split())) if name else None


def _documents(
    built: Build, lock_file: Path, docs: Path | None, changes: Path | None
) -> dict[Path, bytes]:
    """Return the requested pages by the file they go to."""
    pages: dict[Path, bytes] = {}
    if docs:
        pages[docs] = keys_page.emit(built.registry).encode()
    if changes:
        released = tuple(each for each in built.releases if each.release)
        new = len(released) > len(history.releases(lock_file))
        to_come = () if new else history.since_release(built.registry, lock_file).changes
        pages[changes] = changes_page.emit(released, to_come, history.renewals(lock_file)).encode()
    return pages


def _summarize(built: Build) -> None:
    projects = built.registry.projects
    keys = sum(len(project.keys) for project in projects)
    click.echo(f"{quantity(len(projects), 'project')}, {quantity(keys, 'key')}")
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
