"""The command `headcount-server`."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

import click

from headcount_server import __version__
from headcount_server.app import App
from headcount_server.clock import Clock, FileClock, SystemClock
from headcount_server.config import Address, Config
from headcount_server.demo.command import demo
from headcount_server.errors import ConfigError, ServerError
from headcount_server.flags import PATH, listening


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Count installations without looking at any of them."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


main.add_command(demo)


@main.command()
@click.option("--registry", required=True, type=PATH, help="registry.binpb to serve.")
@click.option("--database", required=True, type=PATH, help="SQLite file; made if not there.")
@listening
@click.option("--threshold", default=5, show_default=True, help="Publish in multiples of this.")
@click.option(
    "--grace-hours", default=48.0, show_default=True, help="Time for late reports after a week."
)
@click.option("--allow-plaintext", is_flag=True, help="Let --grpc leave loopback without TLS.")
@click.option("--test-clock", type=PATH, help="Take the time (RFC 3339) from a file; for tests.")
def serve(  # noqa: PLR0913 - one argument a flag
    registry: Path,
    database: Path,
    grpc: str,
    public: str,
    operations: str,
    threshold: int,
    grace_hours: float,
    allow_plaintext: bool,  # noqa: FBT001 - a flag
    test_clock: Path | None,
) -> None:
    """Take reports, keep weekly totals, publish them when a week closes."""
    try:
        config = Config(
            registry=registry,
            database=database,
            grpc=Address.parse("--grpc", grpc),
            public=Address.parse("--public", public),
            operations=Address.parse("--operations", operations),
            threshold=threshold,
            grace=_grace(grace_hours),
            allow_plaintext=allow_plaintext,
        )
        clock = _clock(test_clock, config)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with App(config, clock) as app:
            click.echo(f"gRPC        {app.grpc}")
            click.echo(f"public      http://{app.public}/metrics")
            click.echo(f"operations  http://{app.operations}/metrics")
            stop.wait()
    except ServerError as error:
        raise click.ClickException(str(error)) from None


def _grace(hours: float) -> timedelta:
    try:
        return timedelta(hours=hours)
    except (OverflowError, ValueError):
        msg = f"--grace-hours {hours:g}: outside 0 to 167"
        raise ConfigError(msg) from None


def _clock(test_clock: Path | None, config: Config) -> Clock:
    if test_clock is None:
        return SystemClock()
    for address in (config.grpc, config.public, config.operations):
        if not address.is_loopback:
            msg = f"--test-clock is for tests on loopback, and {address} is not"
            raise ConfigError(msg)
    return FileClock(test_clock)
