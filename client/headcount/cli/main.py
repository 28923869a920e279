"""The command line for site owners: `python -m <project>_telemetry`, or inside a host.

`main` serves a host's own client. A generated package calls `run`, which finds the host
by its arguments. Both return the exit code.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.asking.language import chosen, preferred
from headcount.asking.wording import Words
from headcount.cli import text
from headcount.cli.arguments import FAILED, INTERRUPTED, OK, USAGE, parsed
from headcount.cli.commands import Command
from headcount.client import Client
from headcount.model.errors import ConsentError, HeadcountError, UsageError
from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from typing import TextIO

    from headcount.model.project import Project

HOST = "HEADCOUNT_HOST"
STATE = "HEADCOUNT_STATE"


@contextmanager
def _somewhere_to_print() -> Iterator[None]:
    """Replace closed output, such as a daemon's, so that printing to it does nothing."""
    with ExitStack() as closing:
        nowhere = closing.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        if _closed(sys.stdout):
            closing.enter_context(redirect_stdout(nowhere))
        if _closed(sys.stderr):
            closing.enter_context(redirect_stderr(nowhere))
        yield


@_somewhere_to_print()
def main(telemetry: Client, argv: Sequence[str] | None = None, *, program: str = "") -> int:
    """Carry out a command on a host's client.

    `program` is the command that people type, by default the one that runs this process.
    """
    arguments = parsed(telemetry.project, argv, program=program or _typed(), hosted=True)
    if isinstance(arguments, int):
        return arguments
    return _answered(arguments, lambda: telemetry, _words(os.environ), hosted=True)


@_somewhere_to_print()
def run(
    project: Project,
    argv: Sequence[str] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    package: str = "",
) -> int:
    """Carry out a command for a project whose host has no command of its own.

    `--host MODULE:NAME` (or HEADCOUNT_HOST) names the host's client, or a function that
    returns it. `--state DIRECTORY` (or HEADCOUNT_STATE) shows and changes a state
    directory without the host. `package` is the import name of the generated package,
    which a host may vendor under its own name.
    """
    program = f"python -m {package}" if package else _typed()
    arguments = parsed(project, argv, program=program, hosted=False)
    if isinstance(arguments, int):
        return arguments
    host = arguments.host or ("" if arguments.state else environment.get(HOST, ""))
    state = arguments.state or environment.get(STATE, "")

    def client() -> Client:
        if arguments.host and arguments.state:
            raise UsageError(Sentence("--host knows its own state directory; leave out --state"))
        if host:
            return _found(project, host)
        if not state:
            raise UsageError(
                Sentence(
                    "whose telemetry is meant? Name the program's own with --host MODULE:NAME "
                    "({host}), or its state directory with --state DIRECTORY ({state})",
                    host=HOST,
                    state=STATE,
                )
            )
        return Client(project, None, state_directory=state, environment=environment)

    return _answered(arguments, client, _words(environment), hosted=bool(host))


def _found(project: Project, name: str) -> Client:
    """Return the client that a host keeps under a name such as `shop.telemetry:telemetry`."""
    module, mark, attribute = name.partition(":")
    if not mark or not module or not attribute:
        raise UsageError(
            Sentence(
                "--host {name}: write MODULE:NAME, such as shop.telemetry:telemetry", name=name
            )
        )
    try:
        found = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        client = found if isinstance(found, Client) or not callable(found) else found()
    except Exception as error:
        raise UsageError(f"--host {name}: {type(error).__name__}: {error}") from error
    if not isinstance(client, Client) or client.project.name != project.name:
        raise UsageError(
            Sentence(
                "--host {name} is not the telemetry of {title}", name=name, title=project.title
            )
        )
    return client


def _typed() -> str:
    """Return the command that runs this process as a module, `""` if it runs as a script."""
    spec: ModuleSpec | None = getattr(sys.modules.get("__main__"), "__spec__", None)
    return f"python -m {spec.name.removesuffix('.__main__')}" if spec else ""


def _closed(stream: TextIO | None) -> bool:
    """Return whether a stream is closed; it is None if it was closed when Python started."""
    return stream is None or stream.closed


def _words(environment: Mapping[str, str]) -> Words:
    """Return our texts in the language that the environment prefers."""
    return Words(language=chosen(preferred(environment)))


def _answered(
    arguments: Namespace, client: Callable[[], Client], words: Words, *, hosted: bool
) -> int:
    try:
        return Command(client(), arguments, words, hosted=hosted).run()
    except HeadcountError as error:
        known = isinstance(error, ConsentError | UsageError)
        code, message = USAGE if known else FAILED, error.said
    except KeyboardInterrupt:
        code, message = INTERRUPTED, Sentence("interrupted; nothing was decided")
    except BrokenPipeError:
        # The reader closed the pipe; Python must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        place = error.filename or Sentence("the output")
        code, message = FAILED, Sentence("{path}: {why}", path=place, why=error.strerror)
    sys.stderr.write(f"{text.clean(words.said(message))}\n")
    if arguments.json:
        sys.stdout.write(json.dumps({"error": message, "exit": code}) + "\n")
    return code
