"""Arguments and options that several commands share."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from headcount_registry.checks.projects import is_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., None]")


def paths_argument(command: _F) -> _F:
    """Add PATH..., the declarations to read."""
    return click.argument(
        "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
    )(command)


def lock_option(explanation: str) -> Callable[[_F], _F]:
    """Add --lock, the file of permanent numbers; `explanation` ends its help text."""
    return click.option(
        "--lock",
        "lock_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help=f"File of permanent numbers{explanation}",
    )


class _EndpointType(click.ParamType[str]):
    """An address that reports can be sent to."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address; fail with the remedy if it is none."""
        if value and not is_endpoint(value):
            self.fail(f"{value!r}: write grpcs://host[:port] or https://host[:port]", param, ctx)
        return value


class DaysType(click.ParamType[dt.timedelta]):
    """A number of days, such as `90d`."""

    name = "days"

    def convert(
        self, value: str | dt.timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Return the time; fail with the remedy if the text names none."""
        if isinstance(value, dt.timedelta):
            return value
        if not re.fullmatch(r"[0-9]{1,5}d", value):
            self.fail(f"{value!r}: write a number of days, such as 90d", param, ctx)
        return dt.timedelta(days=int(value[:-1]))


def receiver_options(command: _F) -> _F:
    """Add --endpoint and --recipient, for packagers and forks."""
    recipient = click.option(
        "--recipient",
        metavar="WHO",
        default="",
        help="Name this recipient to site owners, instead of those that declarations name.",
    )
    endpoint = click.option(
        "--endpoint",
        type=_EndpointType(),
        default="",
        help="Send all reports here, instead of where the declarations say.",
    )
    return endpoint(recipient(command))
