"""The file of an operator's settings: TOML, one line for each flag of `serve`."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from headcount_server.errors import ConfigError

_META = "headcount_server.config_file"


def name(option: click.Parameter) -> str:
    """Return a flag's name in the file: `--grace-hours` is `grace-hours`."""
    return option.opts[0].removeprefix("--")


def load(
    context: click.Context, path: Path, options: Sequence[click.Option], *, all_known: bool
) -> None:
    """Let a file set the defaults of a command's options.

    Relative paths are relative to the file. Raises ConfigError, which names the file, the line
    and the remedy. Settings of other commands are passed over, unless `all_known`.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found = tomllib.loads(text)
    except OSError as error:
        msg = f"--config {path}: {error.strerror}"
        raise ConfigError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"--config {path}: not TOML: {error}"
        raise ConfigError(msg) from None
    known = {name(option): option for option in options}
    defaults: dict[str, object] = {}
    for setting, value in found.items():
        try:
            if setting in known or all_known:
                option = _option(setting, known)
                defaults[option.name or ""] = _checked(context, option, value, path.parent)
        except ConfigError as error:
            msg = f"{path}{_line(text, setting)}: {error}"
            raise ConfigError(msg) from None
    context.default_map = defaults
    context.meta[_META] = path


def named(context: click.Context) -> str:
    """Return the path of the file that set defaults; empty if there is none."""
    return str(context.meta.get(_META, ""))


def _option(setting: str, known: Mapping[str, click.Option]) -> click.Option:
    if setting in known:
        return known[setting]
    near = difflib.get_close_matches(setting.replace("_", "-"), known, n=1)
    remedy = f"; did you mean {near[0]}?" if near else "; see headcount-server serve --help"
    msg = f"{setting}: there is no such setting{remedy}"
    raise ConfigError(msg)


def _checked(
    context: click.Context, option: click.Option, value: object, directory: Path
) -> object:
    """Return a value as click takes it. Raises ConfigError if the option does not allow it."""
    if option.is_flag:
        wanted, fits = "true or false", isinstance(value, bool)
    elif option.multiple:
        wanted = 'a list such as ["127.0.0.1"]'
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    else:
        wanted = "a text or a number"
        fits = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not fits:
        msg = f"{name(option)}: has to be {wanted}"
        raise ConfigError(msg)
    try:
        option.type_cast_value(context, value)
    except click.ClickException as error:
        msg = f"{name(option)}: {error.message}"
        raise ConfigError(msg) from None
    if isinstance(value, str) and _is_path(option) and "://" not in value:
        return str(directory / value)
    return value


def _is_path(option: click.Option) -> bool:
    return isinstance(option.type, click.Path) or option.type.name == "database"


def _line(text: str, setting: str) -> str:
    at = re.search(rf"^[ \t\[]*[\"']?{re.escape(setting)}[\"']?[ \t]*[=.\]]", text, re.MULTILINE)
    return f", line {text.count(chr(10), 0, at.start()) + 1}" if at else ""
