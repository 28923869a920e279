"""The command `headcount-registry conformance`: whether a client keeps its promises."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount_registry.commands.terminal import fail, reported_errors
from headcount_registry.conformance import vectors
from headcount_registry.conformance.run import run
from headcount_registry.emitters.wording import quantity

if TYPE_CHECKING:
    from headcount_registry.conformance.run import Failure, Result

FORMAT_VERSION = 1
"""Version of the JSON that `--format json` prints."""


@click.command("conformance")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--only",
    "chosen",
    multiple=True,
    metavar="FILE",
    help="Try only the cases of this file, such as weeks; repeatable.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form in which the result is printed to standard output.",
)
@click.option("--all", "everything", is_flag=True, help="Count untried cases as failures.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=20.0,
    show_default=True,
    help="Time limit for one answer, in seconds.",
)
@click.option(
    "--copy",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Copy the files of cases to this new directory, and run nothing.",
)
def conformance_command(  # noqa: PLR0913 - one for each option
    command: tuple[str, ...],
    chosen: tuple[str, ...],
    style: str,
    seconds: float,
    target: Path | None,
    *,
    everything: bool,
) -> None:
    """Prove a client of any language by the cases that all clients agree on.

    COMMAND starts a program that answers for the client; write -- before it. It
    reads questions from its standard input, a JSON object a line, and prints an
    answer to each; docs/hosts/other-languages.md describes both.

    Exit status: 0 all that the program claims is right, 1 something is wrong or
    it broke off (or, with --all, something was not tried), 2 the command was misused.
    """
    if target:
        _copy(target)
        return
    if not command:
        raise click.UsageError("name the program to run: headcount-registry conformance -- COMMAND")
    for name in chosen:
        if name not in vectors.names():
            raise click.UsageError(f"{name}: no file of cases; there are {_listed()}.")
    files = [vectors.load(name) for name in chosen or vectors.names()]
    with reported_errors():
        result = run(command, files, vectors.projects(), seconds)
    click.echo(_json(result) if style == "json" else _text(result))
    if result.trouble:
        fail(result.trouble)
    if not result.sound or (everything and result.untried):
        raise click.exceptions.Exit(1)


def _copy(target: Path) -> None:
    """Copy the files of cases; existing files stay as they are."""
    try:
        shutil.copytree(vectors.FOLDER, target)
    except FileExistsError:
        raise click.UsageError(f"{target}: exists; name a directory that does not.") from None
    except OSError as error:
        fail(f"{target}: cannot be written: {error.strerror or error}")
    click.echo(f"{quantity(len(vectors.names()), 'file')} of cases in {target}")


def _listed() -> str:
    return ", ".join(vectors.names())


def _text(result: Result) -> str:
    lines = [result.client]
    for name, passed in result.passed.items():
        failed = sum(failure.file == name for failure in result.failures)
        untried = [each for each in result.untried if each.file == name]
        parts = [f"{passed} passed"] if passed else []
        parts += [f"{failed} failed"] if failed else []
        parts += [f"{each.cases} not tried ({each.operation}: {each.why})" for each in untried]
        lines.append(f"  {name:<11} {', '.join(parts)}")
    for failure in result.failures:
        lines += ["", *_failure(failure)]
    total = (
        f"{sum(result.passed.values())} passed, {len(result.failures)} failed,"
        f" {sum(each.cases for each in result.untried)} not tried"
    )
    return "\n".join([*lines, "", total])


def _failure(failure: Failure) -> list[str]:
    case = failure.case
    given = json.dumps(case.given, ensure_ascii=False)
    return [
        f"FAILED {failure.file}/{case.id}",
        f"  why: {case.why}",
        f"  {case.do} {given}",
        *(f"  {difference}" for difference in failure.differences),
    ]


def _json(result: Result) -> str:
    model = {
        "version": FORMAT_VERSION,
        "client": result.client,
        "sound": result.sound,
        "trouble": result.trouble,
        "passed": result.passed,
        "failed": [
            {
                "id": f"{failure.file}/{failure.case.id}",
                "why": failure.case.why,
                "do": failure.case.do,
                "given": failure.case.given,
                "differences": failure.differences,
            }
            for failure in result.failures
        ],
        "untried": [
            {"file": e.file, "operation": e.operation, "cases": e.cases, "why": e.why}
            for e in result.untried
        ],
    }
    return json.dumps(model, ensure_ascii=False, indent=2)
