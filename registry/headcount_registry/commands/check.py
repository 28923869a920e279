"""The command `headcount-registry check`: all faults at once."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from headcount_registry.checks import policies
from headcount_registry.commands.annotations import annotated
from headcount_registry.commands.arguments import DaysType, lock_option, paths_argument
from headcount_registry.commands.terminal import (
    misuse_if_missing,
    print_findings,
    reported_errors,
)
from headcount_registry.emitters.wording import quantity
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline.review import Review, review

FORMAT_VERSION = 1
"""Version of the JSON that `--format json` prints."""


@click.command("check")
@paths_argument
@click.option(
    "--strict",
    is_flag=True,
    help="Report missing explanations too, and treat every finding as an error.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="Form in which findings are printed to standard output; github: annotations.",
)
@click.option(
    "--today",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day on which to judge expiry.  [default: today in UTC]",
)
@click.option(
    "--expiring",
    "within",
    type=DaysType(),
    help="Also fail for keys that end within so many days, such as 90d. For scheduled jobs.",
)
@click.option(
    "--policies",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Also run the checks in the .py files of this folder, which are code.",
)
@lock_option(
    ", if there is one.  [default: registry.lock in the first PATH, or beside it if it is a file]"
)
def check_command(  # noqa: PLR0913 - one for each option
    paths: tuple[Path, ...],
    style: str,
    day: dt.datetime | None,
    within: dt.timedelta | None,
    folder: Path | None,
    lock_file: Path | None,
    *,
    strict: bool,
) -> None:
    """Say what is wrong with declarations; write nothing.

    PATH is an .info file, a directory whose .info files are all read, or a
    release archive (.zip, .tar.gz). Each finding names its place, says what is
    wrong and what to write instead, and ends with the name of its check.
    docs/maintainers/checks.md explains each check. A warning can be allowed:

    \b
        telemetry[modules][allow][] = large-vocabulary

    Exit status: 0 no errors, 1 errors, 2 the command was misused.
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is
    misuse_if_missing(paths)
    today = day.date() if day else dt.datetime.now(dt.UTC).date()
    with reported_errors():
        numbers = lock_file or lock_path(paths)
        rules = policies.load(folder) if folder else ()
        found = review(paths, numbers, today, strict=strict, within=within, rules=rules)
    if style == "json":
        click.echo(_json(found))
    elif style == "github":
        click.echo("\n".join(annotated(found.findings, _summary(found))))
    else:
        print_findings(found.findings, err=False)
        click.echo(_summary(found))
    if found.errors:
        raise click.exceptions.Exit(1)


def _summary(found: Review) -> str:
    extent = (
        f"{quantity(found.files, 'file')}, {quantity(found.projects, 'project')},"
        f" {quantity(found.keys, 'key')}"
    )
    return f"{extent}: {quantity(found.errors, 'error')}, {quantity(found.warnings, 'warning')}"


def _json(found: Review) -> str:
    findings = [
        {
            "file": each.location.file,
            "line": each.location.line,
            "column": each.location.column,
            "severity": each.severity,
            "check": each.check,
            "message": each.message,
        }
        for each in found.findings
    ]
    model = {
        "version": FORMAT_VERSION,
        "strict": found.strict,
        "today": found.today.isoformat(),
        "files": found.files,
        "projects": found.projects,
        "keys": found.keys,
        "errors": found.errors,
        "warnings": found.warnings,
        "findings": findings,
    }
    return json.dumps(model, indent=2)
