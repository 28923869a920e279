"""The command `headcount-server init`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from textwrap import fill

import click

from headcount_server.commands import config_file
from headcount_server.commands.flags import PATH, one_sentence
from headcount_server.commands.serve import serve
from headcount_server.errors import ConfigError
from headcount_server.registry import schema

_NAME = "server.toml"
_SET = {"registry": "registry.binpb", "database": "headcount.db"}
_NEXT = """\
{config}: written; it explains every setting

  headcount-server serve --config {config}
  curl http://{operations}/healthz
  headcount-server check --config {config}

The first starts the server, whose pages are at http://{public}/. The others, in
another terminal, ask whether it takes reports and whether its database is sound.
"""


@click.command()
@click.argument("directory", type=PATH, default=".")
@click.option(
    "--registry",
    required=True,
    type=PATH,
    help="registry.binpb, as `headcount-registry build` writes it; it is copied.",
)
def init(directory: Path, registry: Path) -> None:
    """Write the settings of a new server into DIRECTORY, and say what comes next.

    The database will be a SQLite file there.
    """
    with one_sentence():
        config = _write(directory, registry)
    default = {option.name: option.default for option in serve.settings}
    places = {door: default[door] for door in ("public", "operations")}
    click.echo(_NEXT.format(config=config, **places), nl=False)


def _write(directory: Path, registry: Path) -> Path:
    """Write a configuration and the registry that it names. Raises ConfigError."""
    schema.load(registry)
    config = directory / _NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with config.open("x", encoding="utf-8") as file:
            file.write(_settings())
        own = directory / _SET["registry"]
        if not (own.exists() and own.samefile(registry)):
            shutil.copyfile(registry, own)
    except FileExistsError:
        msg = f"{config}: already there; edit it, or name another directory"
        raise ConfigError(msg) from None
    except OSError as error:
        msg = f"{error.filename or config}: {error.strerror}"
        raise ConfigError(msg) from None
    return config


def _settings() -> str:
    """Return the file of settings: what has to be set, and the rest as comments."""
    settings = "\n".join(
        f"\n{fill(option.help or '', 88, initial_indent='# ', subsequent_indent='# ')}\n"
        f"{_line(option)}"
        for option in serve.settings
        if option.name != "test_clock"
    )
    return (
        "# Settings of a headcount server.\n"
        "# A variable such as HEADCOUNT_SERVER_THRESHOLD, or a flag, wins over a line here.\n"
        f"# Relative paths are relative to this file.\n{settings}\n"
    )


def _line(option: click.Option) -> str:
    name = config_file.name(option)
    if name in _SET:
        return f"{name} = {json.dumps(_SET[name])}"
    if option.multiple:
        return f'# {name} = ["{option.metavar}"]'
    value = False if option.is_flag else option.default
    if not isinstance(value, str | int | float):  # none
        value = option.metavar or "FILE"
    return f"# {name} = {json.dumps(value)}"
