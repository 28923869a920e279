"""The command `headcount-registry renew`: a key goes on for a reason."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from headcount_registry.commands.arguments import lock_option
from headcount_registry.commands.terminal import misuse_if_missing, reported_errors
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline import output
from headcount_registry.pipeline.renewal import renewed

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("renew")
@click.argument("key")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--until", required=True, type=_DAY, metavar="YYYY-MM-DD", help="New last day.")
@click.option("--because", required=True, help="Why the key is still needed, in a sentence.")
@click.option(
    "--today", "day", type=_DAY, metavar="YYYY-MM-DD", help="Present day.  [default: today in UTC]"
)
@lock_option(", whose history gets the reason.  [default: as for build]")
def renew_command(  # noqa: PLR0913 - one for each option
    key: str,
    paths: tuple[Path, ...],
    until: dt.datetime,
    because: str,
    day: dt.datetime | None,
    lock_file: Path | None,
) -> None:
    """Let a key go on beyond the day on which it would end.

    KEY is a name, or PROJECT.NAME; PATH is as for build, and by default the
    present directory. The line `[expires]` of the key gets the new day, and
    registry.history the reason, which build --changes shows. Both are written or
    none. People who agreed are not asked again, since nothing more is sent.
    """
    places = paths or (Path(),)
    misuse_if_missing(places)
    reason = " ".join(because.split())
    if not reason:
        raise click.UsageError("--because: say why the key is still needed.")
    numbers = lock_file or lock_path(places)
    today = (day or dt.datetime.now(dt.UTC)).date()
    with reported_errors():
        files = renewed(places, numbers, key, until.date(), reason, today)
        output.apply(output.Plan(files, ()), numbers.parent)
    click.echo(f"{key}: until {until.date()}")
