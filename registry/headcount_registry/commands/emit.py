"""The command `headcount-registry emit`: sample reports, for tests of other programs."""

from __future__ import annotations

import datetime as dt
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.terminal import fail, misuse_if_missing, reported_errors
from headcount_registry.emitters import sample_reports
from headcount_registry.emitters.sample_reports import Samples
from headcount_registry.emitters.wording import quantity
from headcount_registry.errors import SourceError
from headcount_registry.evolution.descriptor_reader import read_registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

    from headcount_registry.declarations.model import Project, Registry

_MOST = 100_000
_ENDINGS = {"json": "json", "binary": "binpb"}
_STREAM = "reports.delimited"
_WEEK = re.compile(r"[0-9]{4}-W(?:0[1-9]|[1-4][0-9]|5[0-3])")


def _week(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    if text and not _WEEK.fullmatch(text):
        raise click.BadParameter(f"{text!r}: write an ISO week, such as 2026-W47.")
    return text


@click.command("emit")
@click.argument("file", metavar="REGISTRY", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--project", default="", help="Project to report for, if REGISTRY has several.")
@click.option(
    "--count",
    type=click.IntRange(1, _MOST),
    default=1,
    show_default=True,
    help="Number of reports.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Number that the values are drawn from; the same number gives the same reports.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "binary", "delimited"]),
    default="json",
    show_default=True,
    help="json: protobuf's JSON mapping, one a line; binary: protobuf; delimited: all in one"
    " stream, each after its length as a varint.",
)
@click.option(
    "--week",
    default="",
    metavar="YYYY-Www",
    callback=_week,
    help="Write whole calls (SubmitReportRequest) for this week, each with a token of its own.",
)
@click.option(
    "--today",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day on which keys have ended or not.  [default: today in UTC]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="New or empty folder for one file a report, instead of standard output.",
)
def emit_command(  # noqa: PLR0913 - one for each option
    file: Path,
    project: str,
    count: int,
    seed: int,
    form: str,
    week: str,
    day: dt.datetime | None,
    out: Path | None,
) -> None:
    """Write sample reports, to test clients, relays and servers of others with.

    REGISTRY is a registry.binpb that build wrote. Every report answers every key
    that is asked, with values that a client could send. The values of a key come
    in turn, so that as many reports as it has values name each of them.

    Exit status: 0 written, 1 not read or written, 2 misuse.
    """
    misuse_if_missing((file,))
    if form == "binary" and count > 1 and out is None:
        raise click.UsageError(
            "--format binary: several reports on standard output could not be told apart; give"
            " --out, or --format delimited."
        )
    with reported_errors():
        data = _read(file)
        chosen = _chosen(read_registry(data, str(file)), project)
    today = day.date() if day else dt.datetime.now(dt.UTC).date()
    samples = Samples(chosen, data, today, week)
    if samples.ended:
        click.echo(f"left out, because they have ended: {', '.join(samples.ended)}", err=True)
    messages = islice(samples.messages(seed), count)
    if out is None:
        _print(messages, form)
    else:
        _write(messages, form, out)
        click.echo(f"{out}: {quantity(count, 'call' if week else 'report')}")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SourceError(f"{file}: cannot be read: {error.strerror}") from error


def _chosen(registry: Registry, name: str) -> Project:
    """Return the project of this name, or the only one; end the command if there is none."""
    found = [each for each in registry.projects if name in {"", each.name}]
    known = ", ".join(each.name for each in registry.projects)
    if not found:
        raise click.UsageError(f"--project {name}: there is no such project, but: {known}.")
    if len(found) > 1:
        raise click.UsageError(f"--project: is missing; there are: {known}.")
    return found[0]


def _encoded(message: Message, form: str) -> bytes:
    if form == "json":
        return sample_reports.as_json(message).encode() + b"\n"
    if form == "binary":
        return sample_reports.as_binary(message)
    return sample_reports.as_delimited(message)


def _print(messages: Iterable[Message], form: str) -> None:
    for message in messages:
        click.echo(_encoded(message, form), nl=False)


def _write(messages: Iterable[Message], form: str, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            fail(f"{out}: is not empty, and nothing is overwritten; name a new folder")
        if form == "delimited":
            with (out / _STREAM).open("xb") as stream:
                stream.writelines(_encoded(message, form) for message in messages)
            return
        for number, message in enumerate(messages, start=1):
            (out / f"{number:06}.{_ENDINGS[form]}").write_bytes(_encoded(message, form))
    except OSError as error:
        fail(f"{error.filename}: cannot be written: {error.strerror}")
