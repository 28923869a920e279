"""Commands that read what is published: `statistics`, `export`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.commands.flags import PATH, Command, database, one_sentence, signing
from headcount_server.errors import StoreError
from headcount_server.log.head import published_log
from headcount_server.metrics import backfill
from headcount_server.publication import bundle, table
from headcount_server.publication import response as totals
from headcount_server.publication.draft import drafted
from headcount_server.quantity import quantity
from headcount_server.registry import schema
from headcount_server.store import published_file, published_tables
from headcount_server.store.database import Database
from headcount_server.week import Week

_LABEL = re.compile(r"(?!__|le$|quantile$)[a-zA-Z_][a-zA-Z0-9_]*")
_FORMATS = {
    "table": table.as_table,
    "csv": table.as_csv,
    "json": table.as_json,
}


@click.command(cls=Command)
@database
@click.option("--project", default="", help="Only this project.")
@click.option("--key", default="", help="Only this key.")
@click.option(
    "--week", default="last", show_default=True, help="A week such as 2026-W47, `last` or `all`."
)
@click.option(
    "--format",
    "form",
    default="table",
    show_default=True,
    type=click.Choice(table.FORMATS),
    help="A table with ranges, or the published numbers as CSV or JSON.",
)
@click.option("--registry", type=PATH, help="registry.binpb; marks keys that nobody was asked.")
def statistics(  # noqa: PLR0913 - one for each flag
    database: Database, project: str, key: str, week: str, form: str, registry: Path | None
) -> None:
    """Print published totals. Works beside a running server."""
    with one_sentence():
        weeks = published_tables.every_week(database)
        if week == "last":
            weeks = weeks[:1]
        elif week != "all":
            wanted = _week(week)
            weeks = [found for found in weeks if found.week == wanted]
            if not weeks:
                raise StoreError(f"--week {week}: not published")
        answer = totals.response(weeks, project, schema.load(registry) if registry else None)
        if key:
            _leave(answer, key)
        _refuse_nothing(answer, project, key)
        click.echo(_FORMATS[form](answer), nl=False)


def _week(text: str) -> Week:
    try:
        return Week.parse(text)
    except ValueError as error:
        raise StoreError(f"--week {text}: {error}; write 2026-W47, last or all") from None


def _leave(answer: wire.GetStatisticsResponse, key: str) -> None:
    for week in answer.weeks:
        for project in week.projects:
            for found in [found for found in project.keys if found.key != key]:
                project.keys.remove(found)
            for notice in [notice for notice in project.retractions if notice.key != key]:
                project.retractions.remove(notice)
            for few in [few for few in project.too_few if few.key != key]:
                project.too_few.remove(few)
            for mark in [mark for mark in project.not_asked if mark.key != key]:
                project.not_asked.remove(mark)


def _refuse_nothing(answer: wire.GetStatisticsResponse, project: str, key: str) -> None:
    projects = [found for week in answer.weeks for found in week.projects]
    if project and not projects:
        raise StoreError(f"--project {project}: nothing of it is published there")
    if key and not any(
        found.keys or found.retractions or found.too_few or found.not_asked for found in projects
    ):
        raise StoreError(f"--key {key}: nothing of it is published there")


@click.command(cls=Command)
@database
@click.option("--registry", required=True, type=PATH, help="registry.binpb that the server uses.")
@click.option(
    "--format",
    "form",
    default="files",
    show_default=True,
    type=click.Choice(("files", "sqlite", "openmetrics")),
    help="JSON and CSV with checksums, a SQLite file for other programs, or the history of "
    "/metrics for promtool, in the file DIRECTORY.",
)
@click.option("--data-licence", metavar="NAME", help="Licence of the data, as `serve` takes it.")
@signing
@click.option(
    "--step-hours",
    default=6,
    show_default=True,
    type=click.IntRange(1, 168),
    help="Hours between two samples of openmetrics.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    help="A label of each series of openmetrics, such as job=headcount; repeatable.",
)
@click.argument("place", metavar="DIRECTORY", type=PATH)
def export(  # noqa: PLR0913 - one for each flag
    database: Database,
    registry: Path,
    form: str,
    data_licence: str | None,
    log_key: Path | None,
    step_hours: int,
    labels: tuple[str, ...],
    place: Path,
) -> None:
    """Write all published totals to DIRECTORY, as open data.

    If the name ends in .zip, the result is one file, the same that a server
    offers at /data/bundle.zip. Works beside a running server. The same totals
    give the same bytes. README.txt in the bundle describes its files; with
    --format sqlite, metadata.json describes totals.db as Datasette reads it.
    """
    with one_sentence():
        if form == "sqlite":
            _export_sqlite(database, registry, place)
            return
        if form == "openmetrics":
            _export_history(database, registry, place, timedelta(hours=step_hours), labels)
            return
        weeks = published_tables.every_week(database)
        about = bundle.About(
            published_tables.policy(database), data_licence or "", published_log(database, log_key)
        )
        bundle.write(place, schema.load(registry), weeks, about)
    how = f"check with: cd {place} && sha256sum -c SHA256SUMS"
    if place.suffix == bundle.ARCHIVE:
        how = "it holds SHA256SUMS to check them with"
    click.echo(f"{place}: {quantity(len(weeks), 'week')}; {how}")


def _export_sqlite(database: Database, registry: Path, place: Path) -> None:
    if place.suffix == bundle.ARCHIVE:
        raise StoreError(f"{place}: is a folder in this format; name it without {bundle.ARCHIVE}")
    weeks = published_file.write(place, schema.load(registry), database)
    described = place / published_file.DESCRIPTION
    held = quantity(weeks, "week")
    click.echo(f"{place / published_file.FILE}: {held}; {described} describes them")


def _export_history(
    database: Database, registry: Path, place: Path, step: timedelta, labels: Iterable[str]
) -> None:
    if place.exists():
        raise StoreError(f"{place}: is there already; name another file, or remove it first")
    named = dict(_label(text) for text in labels)
    known, weeks = schema.load(registry), published_tables.every_week(database)
    grace = published_tables.policy(database).grace
    sampling = backfill.Sampling(grace, step, datetime.now(UTC), named)
    try:
        with drafted(place) as draft, draft.open("wb") as file:
            file.writelines(backfill.history(known, weeks, sampling))
    except OSError as error:
        raise StoreError(f"{place}: {error.strerror}") from error
    how = "promtool tsdb create-blocks-from --max-block-duration 744h openmetrics"
    click.echo(f"{place}: {quantity(len(weeks), 'week')}; {how}")


def _label(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    if not (given and _LABEL.fullmatch(name)):
        raise StoreError(f"--label {text}: give a label and its value, such as job=headcount")
    return name, value
