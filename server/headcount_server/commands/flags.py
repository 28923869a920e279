"""Flags that several commands share, and how the environment sets them."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from headcount_server.commands import config_file
from headcount_server.errors import ConfigError, ServerError, Unavailable
from headcount_server.store.database import Database
from headcount_server.store.open import parse
from headcount_server.week import Week

_Command = TypeVar("_Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
PREFIX = "HEADCOUNT_SERVER_"
"""Prefix of a flag's environment variable: `--database` is `HEADCOUNT_SERVER_DATABASE`."""

_TERMINATED = 128 + signal.SIGTERM
_DOORS = (
    ("--grpc", "127.0.0.1:50051", "Address that takes reports over gRPC."),
    ("--public", "127.0.0.1:8080", "Address of published totals for everyone, over HTTP."),
    ("--operations", "127.0.0.1:8081", "Address of the server's own metrics, for the operator."),
)


class ServeCommand(click.Command):
    """A command whose flags, except `--show-config`, the environment or a file can set."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings = [
            option
            for option in self.params
            if isinstance(option, click.Option) and self._is_setting(option)
        ]
        for option in self.settings:
            option.envvar = f"{PREFIX}{(option.name or '').upper()}"
            option.show_envvar = True
        if self.settings:
            self.params.append(self._config())

    def _is_setting(self, option: click.Option) -> bool:
        return option.name != "show_config"

    def _config(self) -> click.Option:
        def load(context: click.Context, _: click.Parameter, path: Path | None) -> None:
            if path is not None:
                with one_sentence():
                    config_file.load(
                        context, path, self.settings, all_known=type(self) is ServeCommand
                    )

        return click.Option(
            ["--config"],
            type=PATH,
            metavar="FILE",
            envvar=f"{PREFIX}CONFIG",
            show_envvar=True,
            is_eager=True,  # before the settings whose defaults it sets
            expose_value=False,
            callback=load,
            help="TOML file of settings, as `headcount-server init` writes it.",
        )


class Command(ServeCommand):
    """A command that takes only a server's files from the environment or a file."""

    def _is_setting(self, option: click.Option) -> bool:
        return option.name in {"database", "registry", "log_key"}

    def invoke(self, ctx: click.Context) -> object:
        """Run it; SIGTERM ends it as an interruption does, so that it leaves no halves."""
        if threading.current_thread() is not threading.main_thread():
            return super().invoke(ctx)
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
        try:
            return super().invoke(ctx)
        finally:
            signal.signal(signal.SIGTERM, before)


class Needed(click.Option):
    """An option that has to be given, except to see which settings are missing."""

    def process_value(self, ctx: click.Context, value: object) -> object:
        """Return the value, or nothing if `--show-config` is there to say so."""
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter:
            if ctx.params.get("show_config"):
                return None
            raise


class Number(click.ParamType[int | float]):
    """A number; an error names the allowed range."""

    name = "number"

    def __init__(self, kind: type[int | float], allowed: str) -> None:
        self._kind = kind
        self._allowed = allowed

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float:
        """Return the number written in a text."""
        try:
            return self._kind(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number from {self._allowed}", param, ctx)


class WeekType(click.ParamType[Week]):
    """An ISO 8601 week."""

    name = "week"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Week:
        """Return the week written in a text."""
        try:
            return value if isinstance(value, Week) else Week.parse(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


WEEK = WeekType()


class DatabaseType(click.ParamType[Database]):
    """A SQLite file, or the URL of a database on a PostgreSQL server."""

    name = "database"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Database:
        """Return the database that a text names."""
        del param, ctx
        if not isinstance(value, str):
            return cast("Database", value)
        with one_sentence():
            return parse(value)


DATABASE = DatabaseType()


def listening(command: _Command) -> _Command:
    """Add the addresses to listen on: `grpc`, `public` and `operations`."""
    for flag, address, help_text in reversed(_DOORS):
        option = click.option(
            flag, default=address, show_default=True, metavar="HOST:PORT", help=help_text
        )
        command = option(command)
    return command


def encrypting(command: _Command) -> _Command:
    """Add `tls_certificate`, `tls_key`, `hsts_days` and `allow_plaintext`."""
    options = (
        click.option(
            "--tls-certificate",
            type=PATH,
            help="PEM file of the certificate chain for --grpc and --public; "
            "reloaded when it changes.",
        ),
        click.option(
            "--tls-key", type=PATH, help="PEM file of the certificate's key, unencrypted."
        ),
        click.option(
            "--hsts-days",
            default=0,
            show_default=True,
            type=Number(int, "0 to 36500"),
            help="Have browsers insist on https for this name so long "
            "(Strict-Transport-Security); 0 to say nothing.",
        ),
        click.option(
            "--allow-plaintext",
            is_flag=True,
            help="Let --grpc and --public listen beyond loopback without TLS.",
        ),
    )
    return with_options(options, command)


def limiting(command: _Command) -> _Command:
    """Add `limit_per_minute`, `_burst`, `_total`, `_connections`, `trusted_proxy` and `relay`."""
    options = (
        click.option(
            "--limit-per-minute",
            default=60.0,
            show_default=True,
            type=Number(float, "0 to 1000000"),
            help="Calls a minute that one network (IPv4 /24, IPv6 /56) may make in the long run; "
            "0 for no limit. Loopback has no limit.",
        ),
        click.option(
            "--limit-burst",
            default=300,
            show_default=True,
            type=Number(int, "1 to 1000000"),
            help="Calls that one network may make at once.",
        ),
        click.option(
            "--limit-total",
            default=0.0,
            show_default=True,
            type=Number(float, "0 to 1000000"),
            help="Calls a second that everyone together may make; 0 for no limit.",
        ),
        click.option(
            "--limit-connections",
            default=4096,
            show_default=True,
            type=Number(int, "1 to 1000000"),
            help="Connections that gRPC holds at once, some 100 kB of memory each.",
        ),
        click.option(
            "--trusted-proxy",
            multiple=True,
            metavar="NETWORK",
            help="Trust X-Forwarded-For from this address or network; repeatable.",
        ),
        click.option(
            "--relay",
            multiple=True,
            metavar="NETWORK",
            help="Address or network of a relay, whose calls to /oblivious have a share of the "
            "limits of their own; repeatable.",
        ),
    )
    return with_options(options, command)


def unsealing(command: _Command) -> _Command:
    """Add the keys of reports that come through a relay: `oblivious_key`."""
    option = click.option(
        "--oblivious-key",
        multiple=True,
        type=PATH,
        metavar="FILE",
        help="Key that reports through a relay are sealed to, as `oblivious-key new` writes it; "
        "repeatable, the newest first.",
    )
    return option(command)


def naming(command: _Command) -> _Command:
    """Add what pages say of their operator, the licence of the data, and the address of the site.

    They are `operator`, `operator_contact`, `operator_imprint`, `data_licence`, `site_address`,
    `languages`.
    """
    options = (
        click.option("--operator", metavar="NAME", help="Who runs this server, for its pages."),
        click.option(
            "--operator-contact",
            metavar="ADDRESS",
            help="How to reach them: https://… or mailto:….",
        ),
        click.option(
            "--operator-imprint", metavar="ADDRESS", help="A page that says more: https://…."
        ),
        click.option(
            "--data-licence",
            metavar="NAME",
            help="Licence of the published data: a name of SPDX, such as CC0-1.0, or https://….",
        ),
        click.option(
            "--site-address",
            metavar="ADDRESS",
            help="Where people read the pages, https://…/, for the sitemap and previews of links.",
        ),
        click.option(
            "--languages",
            metavar="TAGS",
            default="en",
            show_default=True,
            callback=_tags,
            help="Languages of the pages: en, de, es. The first has the plain addresses.",
        ),
    )
    return with_options(options, command)


def _tags(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())


def signing(command: _Command) -> _Command:
    """Add the key of the log of publications: `log_key`."""
    option = click.option(
        "--log-key",
        type=PATH,
        help="Key that signs the log of what was published, as `headcount-server log key` makes "
        "it; without one the log is kept, and not shown.",
    )
    return option(command)


def with_options(options: Sequence[Callable[[_Command], _Command]], command: _Command) -> _Command:
    """Add options to a command, in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def database(command: _Command) -> _Command:
    """Add the database of a server: `database`."""
    option = click.option(
        "--database",
        required=True,
        type=DATABASE,
        help="The server's SQLite file, or postgresql://USER@HOST/NAME.",
    )
    return option(command)


@contextmanager
def one_sentence() -> Iterator[None]:
    """End a command with one sentence and no traceback if it raises an error of ours."""
    try:
        yield
    except ConfigError as error:
        raise click.ClickException(_by_source(str(error))) from None
    except Unavailable as error:
        raise click.ClickException(error.why or str(error)) from None
    except ServerError as error:
        raise click.ClickException(str(error)) from None


def source(context: click.Context, option: click.Parameter) -> str:
    """Return the source of a setting: its flag, its variable, its file, or `default`."""
    found = context.get_parameter_source(option.name or "")
    if found is ParameterSource.ENVIRONMENT and isinstance(option, click.Option):
        return str(option.envvar)
    if found is ParameterSource.COMMANDLINE:
        return option.opts[0]
    if found is ParameterSource.DEFAULT_MAP:
        return config_file.named(context)
    return "default"


def _by_source(message: str) -> str:
    """Name the variable or the file in a message instead of the flag, if it set the value."""
    context = click.get_current_context()
    flag, space, rest = message.partition(" ")
    for option in context.command.params:
        if flag in option.opts:
            found = context.get_parameter_source(option.name or "")
            if found is ParameterSource.ENVIRONMENT:
                flag = source(context, option)
            elif found is ParameterSource.DEFAULT_MAP:
                flag = f"{source(context, option)}: {config_file.name(option)}"
    return f"{flag}{space}{rest}"
