"""Flags that name destinations and channels of notices, with or without their passwords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from headcount_server.commands.flags import PATH, with_options
from headcount_server.destinations import open as open_destination
from headcount_server.destinations.contract import Destination
from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError

_Command = TypeVar("_Command", bound=Callable[..., Any])


class DestinationType(click.ParamType[DestinationUrl]):
    """The URL of a destination, which is shown without its password."""

    name = "url"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> DestinationUrl:
        """Return the URL in a text."""
        if not isinstance(value, str):
            return cast("DestinationUrl", value)
        try:
            return DestinationUrl.parse(param.opts[0] if param else "URL", value)
        except ConfigError as error:
            raise click.UsageError(str(error), ctx) from None


DESTINATION = DestinationType()


def delivering(command: _Command) -> _Command:
    """Add `publish_to`, `notify` and `credentials`."""
    options = (
        click.option(
            "--publish-to",
            multiple=True,
            type=DESTINATION,
            metavar="URL",
            help="Give published totals to a database or a search engine, such as "
            "mysql+pymysql://USER@HOST/NAME; repeatable.",
        ),
        click.option(
            "--notify",
            multiple=True,
            type=DESTINATION,
            metavar="URL",
            help="Send a word about each newly published week: "
            "smtp://HOST/?from=ADDRESS&to=ADDRESS or https://HOST/PATH; repeatable.",
        ),
        click.option(
            "--credentials",
            type=PATH,
            metavar="FILE",
            help="URLs with their passwords, one a line, for the URLs that are named without.",
        ),
    )
    return with_options(options, command)


def with_passwords(
    flag: str, urls: Sequence[DestinationUrl], file: Path | None
) -> list[DestinationUrl]:
    """Return the URLs of a flag, with the passwords of a file. Raises ConfigError.

    A password on the command line or in a file of settings is refused.
    """
    context = click.get_current_context()
    (option,) = [each for each in context.command.params if flag in each.opts]
    visible = context.get_parameter_source(option.name or "") is not ParameterSource.ENVIRONMENT
    return open_destination.with_passwords(flag, urls, file, visible=visible)


def destinations(
    flag: str, urls: Sequence[DestinationUrl], file: Path | None
) -> tuple[Destination, ...]:
    """Return the destinations that a flag names. Raises ConfigError."""
    found = with_passwords(flag, urls, file)
    return tuple(open_destination.parse(flag, url) for url in found)
