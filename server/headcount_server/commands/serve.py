"""The command `headcount-server serve`."""

from __future__ import annotations

import logging
import os
import resource
import signal
from datetime import timedelta
from pathlib import Path
from random import SystemRandom

import click

from headcount_server import logs
from headcount_server.app import App
from headcount_server.clock import Clock, FileClock, SystemClock
from headcount_server.commands.cores import CORES, Cores, hold
from headcount_server.commands.delivery_flags import delivering, destinations, with_passwords
from headcount_server.commands.flags import (
    DATABASE,
    PATH,
    Needed,
    Number,
    ServeCommand,
    encrypting,
    limiting,
    listening,
    naming,
    one_sentence,
    signing,
    source,
    unsealing,
)
from headcount_server.commands.garbage import collect_seldom
from headcount_server.commands.lifetime import LAST_WORDS_SECONDS, Lifetime, lifetime
from headcount_server.commands.service_manager import ServiceManager
from headcount_server.config import Config
from headcount_server.destinations.url import DestinationUrl
from headcount_server.doors.address import Address
from headcount_server.doors.rate_limits import Limits, networks_of
from headcount_server.errors import ConfigError
from headcount_server.log.notes import SigningKey
from headcount_server.notices import open as open_channel
from headcount_server.pages.operator import Operator
from headcount_server.store.database import Database

log = logging.getLogger(__name__)

_MISSING = "missing"


@click.command(cls=ServeCommand)
@click.option("--registry", cls=Needed, required=True, type=PATH, help="registry.binpb to serve.")
@click.option(
    "--database",
    cls=Needed,
    required=True,
    type=DATABASE,
    help="SQLite file, created if missing; or postgresql://USER@HOST/NAME.",
)
@listening
@click.option(
    "--threshold",
    default=5,
    show_default=True,
    type=Number(int, "1 to 1000"),
    help="Publish counts in multiples of this, 1 to 1000.",
)
@click.option(
    "--grace-hours",
    default=48.0,
    show_default=True,
    type=Number(float, "0 to 167"),
    help="Hours after a week in which it still takes reports, 0 to 167.",
)
@encrypting
@limiting
@unsealing
@naming
@signing
@delivering
@click.option(
    "--frame-ancestors",
    default="*",
    show_default=True,
    metavar="SITES",
    help="Sites that may embed fragments, badges and charts: addresses with blanks between "
    "them, *, 'self' or 'none'.",
)
@click.option(
    "--cores",
    default="1",
    show_default=True,
    type=CORES,
    metavar="N|all",
    help="Processor cores to run on; with more than one, fewer reports are taken. Linux only.",
)
@click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(logs.LEVELS),
    help="Lowest level that is logged.",
)
@click.option("--test-clock", type=PATH, help="Take the time (RFC 3339) from a file; for tests.")
@click.option(
    "--show-config",
    is_flag=True,
    is_eager=True,  # known before what is missing is looked for
    help="Print every setting and its source, then exit.",
)
def serve(  # noqa: PLR0913 - one argument a flag
    registry: Path,
    database: Database,
    grpc: str,
    public: str,
    operations: str,
    threshold: int,
    grace_hours: float,
    tls_certificate: Path | None,
    tls_key: Path | None,
    hsts_days: int,
    allow_plaintext: bool,  # noqa: FBT001 - a flag
    limit_per_minute: float,
    limit_burst: int,
    limit_total: float,
    limit_connections: int,
    trusted_proxy: tuple[str, ...],
    relay: tuple[str, ...],
    oblivious_key: tuple[Path, ...],
    operator: str | None,
    operator_contact: str | None,
    operator_imprint: str | None,
    publish_to: tuple[DestinationUrl, ...],
    notify: tuple[DestinationUrl, ...],
    credentials: Path | None,
    data_licence: str | None,
    site_address: str | None,
    log_key: Path | None,
    languages: tuple[str, ...],
    frame_ancestors: str,
    cores: Cores,
    log_level: str,
    test_clock: Path | None,
    show_config: bool,  # noqa: FBT001 - a flag
) -> None:
    """Take reports, keep weekly totals, and publish them when a week closes.

    SIGHUP reloads the registry. SIGTERM and SIGINT stop the server. The variable
    named with a flag sets it too; the flag wins.
    """
    logs.start(log_level)
    if show_config and not _show():
        return
    with one_sentence():
        config = Config(
            registry=registry,
            database=database,
            grpc=Address.parse("--grpc", grpc),
            public=Address.parse("--public", public),
            operations=Address.parse("--operations", operations),
            threshold=threshold,
            grace=_grace(grace_hours),
            tls_certificate=tls_certificate,
            tls_key=tls_key,
            hsts=timedelta(days=hsts_days),
            allow_plaintext=allow_plaintext,
            limits=Limits(
                per_minute=limit_per_minute,
                burst=limit_burst,
                total_per_second=limit_total,
                connections=limit_connections,
                trusted_proxies=networks_of("--trusted-proxy", trusted_proxy),
                relays=networks_of("--relay", relay),
            ),
            oblivious_keys=oblivious_key,
            operator=Operator(
                operator or "",
                operator_contact or "",
                operator_imprint or "",
                data_licence or "",
                site_address or "",
                languages,
            ),
            log_key=SigningKey.read(log_key) if log_key else None,
            frame_ancestors=frame_ancestors,
            destinations=destinations("--publish-to", publish_to, credentials),
            channels=tuple(
                open_channel.parse("--notify", url)
                for url in with_passwords("--notify", notify, credentials)
            ),
        )
        if show_config:
            return
        moments = _clock(test_clock, config)
        logs.start(log_level, background=True)
        _run(config, moments, cores)


def _show() -> bool:
    """Print every setting; return whether nothing is missing."""
    context = click.get_current_context()
    rows = [
        (option.opts[0].removeprefix("--"), context.params[option.name], _origin(context, option))
        for option in context.command.params
        if option.name in context.params and option.name != "show_config"
    ]
    width = max(len(name) for name, _, _ in rows)
    values = [_written(value) for _, value, _ in rows]
    wide = max(map(len, values))
    for (name, _, origin), value in zip(rows, values, strict=True):
        click.echo(f"{name:{width}}  {value:{wide}}  {origin}")
    return all(origin != _MISSING for _, _, origin in rows)


def _origin(context: click.Context, option: click.Parameter) -> str:
    if option.required and context.params[option.name or ""] is None:
        return _MISSING
    return source(context, option)


def _written(value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _run(config: Config, clock: Clock, cores: Cores) -> None:
    # The soft limit protects programs that use select(). Under it, a thousand idle callers
    # would shut everybody else out.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = hold(cores, SystemRandom())
    manager = ServiceManager(os.environ, os.getpid())
    try:
        with lifetime(manager.lives) as life:
            _serve(config, clock, life, manager, held)
    finally:
        logs.flush(LAST_WORDS_SECONDS)


def _serve(
    config: Config, clock: Clock, life: Lifetime, manager: ServiceManager, held: str
) -> None:
    with App(config, clock) as app:
        life.needs(app.threads)
        log.info(held)
        collect_seldom()
        click.echo(f"gRPC        {app.grpc}")
        scheme = "https" if config.tls_certificate else "http"
        click.echo(f"public      {scheme}://{app.public}/")
        click.echo(f"operations  http://{app.operations}/metrics")
        manager.ready()
        signals = life.signals()
        while next(signals) == signal.SIGHUP:
            app.reload()
        manager.ends()
        life.needs(tuple)
        log.info("ending: calls that run are let finish")
    log.info("ended: everything acknowledged is on disk")


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
