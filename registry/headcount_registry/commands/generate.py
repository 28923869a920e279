"""The commands `generate backdrop`, `generate grafana` and `generate prometheus`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.arguments import (
    lock_option,
    paths_argument,
    receiver_options,
)
from headcount_registry.commands.terminal import (
    fail_if_out_of_date,
    misuse_if_missing,
    reported_errors,
)
from headcount_registry.emitters import backdrop_module
from headcount_registry.emitters.wording import quantity
from headcount_registry.evolution.lock import lock_path
from headcount_registry.monitoring.alerts import alert_rules
from headcount_registry.monitoring.project_dashboard import project_dashboard
from headcount_registry.monitoring.recording import recording_rules
from headcount_registry.monitoring.server_dashboard import server_dashboard
from headcount_registry.monitoring.thresholds import DurationType, SizeType, Thresholds
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import AS_DECLARED, Receiver, build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from headcount_registry.declarations.model import Registry
    from headcount_registry.monitoring.thresholds import Duration, Size

ALERTS = "alerts.yml"
RECORDING = "recording.yml"
_USUAL = Thresholds()


@click.group("generate")
def generate_commands() -> None:
    """Write a module for Backdrop, or dashboards and rules for a server's metrics.

    They follow from the declarations. Run this again when the declarations change.
    """


def _common(command: Callable[..., None]) -> Callable[..., Any]:
    """Add the argument and the options that these commands share."""
    for add in (
        click.option("--check", is_flag=True, help="Write nothing; say which files differ."),
        lock_option(", as for build; it is only read."),
        click.option(
            "--out",
            required=True,
            type=click.Path(path_type=Path, file_okay=False),
            help="Directory for the generated files.",
        ),
        paths_argument,
    ):
        command = add(command)
    return command


@generate_commands.command("backdrop")
@_common
@receiver_options
@click.option(
    "--project-pages",
    "pages",
    is_flag=True,
    help="Also write headcount_project, a module for the site on which projects have pages.",
)
def backdrop_command(  # noqa: PLR0913 - one for each option
    paths: tuple[Path, ...],
    out: Path,
    lock_file: Path | None,
    endpoint: str,
    recipient: str,
    *,
    pages: bool,
    check: bool,
) -> None:
    """Write the module `headcount` for Backdrop CMS.

    PATH is as for build. The module is the folder headcount of the output directory,
    which may be the folder of a site's modules. It asks whether a site may be counted,
    and reports to all projects that are declared here.
    """
    registry = _registry(paths, lock_file, Receiver(endpoint, recipient))
    files = backdrop_module.emit(registry)
    _write(files, out / backdrop_module.MODULE, check=check, command="backdrop")
    if pages:
        shown = backdrop_module.emit_pages()
        _write(shown, out / backdrop_module.PAGES, check=check, command="backdrop")
    projects = quantity(len(registry.projects), "project")
    click.echo(f"the module {backdrop_module.MODULE}, with {projects}")


@generate_commands.command("grafana")
@_common
def grafana_command(
    paths: tuple[Path, ...], out: Path, lock_file: Path | None, *, check: bool
) -> None:
    """Write dashboards for Grafana.

    PATH is as for build. Each project gets a dashboard <project>.json, with the
    latest distribution of every key and its course over time. server.json is
    for the operator of the server. Import them, or have Grafana provision the
    directory. Dashboards of projects that are no longer declared are removed.
    """
    registry = _registry(paths, lock_file)
    dashboards = (*map(project_dashboard, registry.projects), server_dashboard())
    files = {f"{each.name}.json": each.text() for each in dashboards}
    _write(files, out, check=check, command="grafana")
    click.echo(quantity(len(files), "dashboard"))


@generate_commands.command("prometheus")
@_common
@click.option(
    "--silence",
    type=DurationType(),
    default=_USUAL.silence.text,
    show_default=True,
    help="Alert when a project has sent no report for this long.",
)
@click.option(
    "--refused",
    type=click.FloatRange(0, 1),
    default=_USUAL.refused,
    show_default=True,
    help="Alert when more than this share of the calls is refused.",
)
@click.option(
    "--stale",
    type=DurationType(),
    default=_USUAL.stale.text,
    show_default=True,
    help="Alert when the last closed week began longer ago than this; up to 14 days plus the "
    "grace is usual.",
)
@click.option(
    "--waiting",
    type=click.IntRange(1),
    default=_USUAL.waiting,
    show_default=True,
    help="Alert when more reports than this wait for a commit.",
)
@click.option(
    "--database",
    type=SizeType(),
    default=_USUAL.database.text,
    show_default=True,
    help="Alert when the database is larger than this.",
)
@click.option(
    "--disk-free",
    type=SizeType(),
    default=_USUAL.disk_free.text,
    show_default=True,
    help="Alert when its disk has less room left than this.",
)
def prometheus_command(  # noqa: PLR0913 - one for each option
    paths: tuple[Path, ...],
    out: Path,
    lock_file: Path | None,
    silence: Duration,
    refused: float,
    stale: Duration,
    waiting: int,
    database: Size,
    disk_free: Size,
    *,
    check: bool,
) -> None:
    """Write rules for Prometheus.

    PATH is as for build. alerts.yml is for the operator of the server.
    recording.yml computes the share of every value and its change in a week.
    """
    registry = _registry(paths, lock_file)
    thresholds = Thresholds(
        silence=silence,
        refused=refused,
        stale=stale,
        waiting=waiting,
        database=database,
        disk_free=disk_free,
    )
    files = {ALERTS: alert_rules(thresholds), RECORDING: recording_rules(registry)}
    _write(files, out, check=check, command="prometheus")
    rules = sum(text.count("expr: |-\n") for text in files.values())
    click.echo(f"{quantity(rules, 'rule')} in {quantity(len(files), 'file')}")


def _registry(
    paths: tuple[Path, ...], lock_file: Path | None, receiver: Receiver = AS_DECLARED
) -> Registry:
    misuse_if_missing(paths)
    with reported_errors() as progress:
        return build(paths, lock_file or lock_path(paths), progress, receiver).registry


def _write(files: Mapping[str, str], out: Path, *, check: bool, command: str) -> None:
    with reported_errors():
        todo = output.plan_folder(files, out)
        if check:
            fail_if_out_of_date(todo, f"generate {command}")
        output.apply(todo, out)
