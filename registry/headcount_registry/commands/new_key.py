"""The command `headcount-registry new-key`: one more key at the end of a file."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from headcount_registry.commands.terminal import fail, print_findings, reported_errors
from headcount_registry.declarations.attributes import CLOSED, DEFAULT_PRECISION, VERSIONED
from headcount_registry.declarations.model import KeyType, Level
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline.new_declaration import NewKey, append_key

_PROMPTS = {
    "label": "Label, which people read first",
    "description": "What the value is, in one sentence",
    "purpose": "Which decision it informs, in one sentence",
    "issue": "Where collecting it was decided (a URL)",
}
_OTHERS = ("catalogue", "since", "expires", "review", "owner")


@click.command("new-key")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("name")
@click.option(
    "--type", "kind", type=click.Choice([kind.value for kind in KeyType]), help="Kind of value."
)
@click.option("--label", help="Name that people read first.")
@click.option("--description", help="Meaning of the value, in one sentence.")
@click.option("--purpose", help="Decision that it informs, in one sentence.")
@click.option("--issue", help="URL of the decision to collect it.")
@click.option("--value", "values", multiple=True, help="A declared value; repeatable.")
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="REPORTED=VALUE",
    help="Another spelling of a value; repeatable.",
)
@click.option("--catalogue", default="", help="File with the items of a long list.")
@click.option("--max-items", type=int, help="Largest number of items of a list.")
@click.option("--precision", type=int, help="Number of version components to keep.")
@click.option(
    "--bucket", "buckets", type=int, multiple=True, help="Lower bound of a bucket; repeatable."
)
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default="basic",
    show_default=True,
    help="Consent level.",
)
@click.option("--by-version", is_flag=True, help="Also count it by the project's release.")
@click.option("--since", default="", help="First release that asks.")
@click.option("--expires", default="", help="Day from which it is not asked (YYYY-MM-DD).")
@click.option("--review", default="", help="Day by which to decide whether it goes on.")
@click.option("--owner", default="", help="Contact for questions about it.")
def new_key_command(file: Path, name: str, **flags: Any) -> None:
    """Declare one more key in an .info file.

    The key is added at the end of FILE if the whole passes all checks; otherwise
    FILE stays as it is. On a terminal the command asks for missing attributes.
    """
    if not file.is_file():
        raise click.UsageError(f"{file}: no such file; make one with `headcount-registry init`.")
    key = _key(name, flags)
    with reported_errors(f"`{name}` is not in order; nothing was written"):
        data, findings = append_key(file, key, lock_path([file.parent]))
    try:
        _replace(file, data)
    except OSError as error:
        fail(f"{file}: cannot be written: {error.strerror}; it is as it was")
    print_findings(findings)
    click.echo(
        f"{file}: `{name}` is declared. Compile it with\n"
        f"  headcount-registry build {file.parent} --out generated"
    )


def _key(name: str, flags: dict[str, Any]) -> NewKey:
    """Return the key that the flags, or a person at a terminal, describe."""
    kind = _ask(flags, "kind", "Type", click.Choice([kind.value for kind in KeyType]))
    scalars = {attribute: _ask(flags, attribute, words) for attribute, words in _PROMPTS.items()}
    values, buckets = list(flags["values"]), list(flags["buckets"])
    if kind in CLOSED and not values and not flags["catalogue"]:
        values = _ask_several("--value", "Values, with commas between them")
    if kind == KeyType.COUNT and not buckets:
        buckets = _ask_several("--bucket", "Bounds of the ranges, such as 1, 10, 100")
    precision = flags["precision"]
    if precision is None and kind in VERSIONED:
        precision = DEFAULT_PRECISION
    return NewKey(
        name=name,
        scalars={
            **scalars,
            "type": str(kind),
            "level": flags["level"],
            "precision": "" if precision is None else str(precision),
            "max_items": "" if flags["max_items"] is None else str(flags["max_items"]),
            **{attribute: flags[attribute] for attribute in _OTHERS},
        },
        several={
            "values": tuple(values),
            "buckets": tuple(map(str, buckets)),
            "by": ("version",) if flags["by_version"] else (),
        },
        aliases=tuple(_alias(text) for text in flags["aliases"]),
    )


def _ask(
    flags: dict[str, Any],
    option: str,
    words: str,
    kind: click.Choice[str] | None = None,
) -> str:
    if flags[option] is not None:
        return str(flags[option])
    if sys.stdin.isatty():
        return str(click.prompt(words, type=kind))
    flag = {"kind": "type"}.get(option, option)
    raise click.UsageError(f"--{flag}: is missing, and there is no terminal to ask on.")


def _ask_several(flag: str, words: str) -> list[str]:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{flag}: is missing, and there is no terminal to ask on.")
    answer = str(click.prompt(words))
    return [text.strip() for text in answer.split(",") if text.strip()]


def _alias(text: str) -> tuple[str, str]:
    reported, equals, value = text.partition("=")
    if not (reported and equals and value):
        raise click.UsageError(f"--alias {text}: write REPORTED=VALUE, such as WINNT=Windows.")
    return reported.strip(), value.strip()


def _replace(file: Path, data: bytes) -> None:
    """Replace a file by its new bytes in one step; a link stays a link."""
    real = file.resolve()
    handle, beside = tempfile.mkstemp(prefix=".headcount-registry-", dir=real.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        Path(beside).chmod(stat.S_IMODE(real.stat().st_mode))
        Path(beside).replace(real)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
