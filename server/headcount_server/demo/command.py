"""The command `headcount-server demo`."""

from __future__ import annotations

import logging
import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import click
from rich.console import Console
from rich.progress import track

from headcount_server.app import App
from headcount_server.commands.flags import DATABASE, PATH, listening
from headcount_server.config import Config
from headcount_server.demo import queries, result
from headcount_server.demo.invocation import invocation
from headcount_server.demo.simulation import Simulation, packages
from headcount_server.doors.address import Address
from headcount_server.errors import DemoError, ServerError
from headcount_server.log.notes import SigningKey
from headcount_server.registry import schema
from headcount_server.store.database import Database

log = logging.getLogger(__name__)

_CARRIED = Path(__file__).parent / "registry"
"""What the wheel carries; `hatch_build.py` puts it there."""
_SOURCE = Path(__file__).parents[3] / "registry" / "generated"
"""The same in a checkout."""


@click.command()
@click.option("--sites", default=300, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--weeks", default=8, show_default=True, type=click.IntRange(1, 53))
@click.option(
    "--exit", "leave", is_flag=True, help="Exit when everything is checked; do not keep serving."
)
@click.option(
    "--generated",
    default=_CARRIED if _CARRIED.exists() else _SOURCE,
    show_default="that of Backdrop CMS, which comes along",
    type=PATH,
    help="Directory written by headcount-registry build.",
)
@click.option(
    "--database",
    default="headcount.db",
    show_default=True,
    type=DATABASE,
    help="SQLite file, or postgresql://USER@HOST/NAME; replaces an earlier demonstration.",
)
@click.option("--picture", type=PATH, help="Also draw the outcome in this SVG file.")
@listening
def demo(  # noqa: PLR0913 - one argument a flag
    sites: int,
    weeks: int,
    leave: bool,  # noqa: FBT001 - a flag
    generated: Path,
    database: Database,
    picture: Path | None,
    grpc: str,
    public: str,
    operations: str,
) -> None:
    """Let simulated installations report for weeks, and check the published totals.

    Fails if a published total differs from what the simulated sites agreed to
    send. Serves the outcome until Ctrl-C, unless --exit is given.
    """
    try:
        clients = packages(generated / "clients")
        config = Config(
            registry=generated / "registry.binpb",
            database=database,
            grpc=Address.parse("--grpc", grpc),
            public=Address.parse("--public", public),
            operations=Address.parse("--operations", operations),
            log_key=SigningKey.generate("demonstration"),
        )
        simulation = Simulation(sites=sites, weeks=weeks, grace=config.grace, now=datetime.now(UTC))
        schema.load(config.registry)  # else a former demonstration would be gone for nothing
        database.begin_demonstration()
        with App(config, simulation.clock) as app:
            console = Console(record=picture is not None, highlight=False)
            _run(simulation, app, clients, console)
            if picture is not None:
                result.draw(console, picture)
            if not leave:
                _serve(app, database)
    except ServerError as error:
        raise click.ClickException(str(error)) from None


def _run(simulation: Simulation, app: App, clients: Sequence[ModuleType], console: Console) -> None:
    ledger, weeks = simulation.ledger, simulation.weeks
    with tempfile.TemporaryDirectory(prefix="headcount-demo-") as directory:
        passing = simulation.live(app, clients, Path(directory))
        for week in track(passing, "weeks lived through", len(weeks), console=Console(stderr=True)):
            log.info("%s is over: %d reports so far", week, len(ledger.seen))
    statistics = queries.statistics(app.grpc, weeks[0], weeks[-1])
    answered = queries.answered(app.operations)
    result.show(console, ledger, statistics.weeks[0], queries.registry(app.grpc))
    result.tell(console, ledger, answered)
    wrong = list(result.differences(ledger, weeks, statistics, answered, simulation.grace))
    if wrong:
        raise DemoError("\n".join(["the published totals are not what was sent:", *wrong]))
    console.print("\nEvery published total is what the sites agreed to send.", style="bold green")


def _serve(app: App, database: Database) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    again = invocation(sys.argv[0], Path(sys.prefix), os.environ)
    click.echo(f"""
Serving until Ctrl-C:
  pages       http://{app.public}/
  published   http://{app.public}/metrics
  operations  http://{app.operations}/metrics
  reports     grpc://{app.grpc}
In another terminal:
  {again} statistics --database {shlex.quote(str(database))}""")
    stop.wait()
