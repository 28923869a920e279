"""The command line: commands, flags and exit codes."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Protocol

from headcount.model.project import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headcount.model.project import Project

OK = 0
FAILED = 1
USAGE = 2
OFF = 3
NOT_ASKED = 4
INTERRUPTED = 130

_EXITS = """exit codes:
  0    done; for send also: this week's report was sent before, or is not due
  1    it did not work this time, and the message says why (no connection, no right to write);
       for check: something has to be mended
  2    the command cannot run as typed, and the message says what to type
  3    nothing was done, because everything is off (send, status --ask-server)
  4    the question was not put: no terminal, a build, a switch, or put before (ask)
  130  interrupted
"""


class Command(Protocol):
    """A function that adds a command."""

    def __call__(self, name: str, text: str) -> ArgumentParser:
        """Add a command with its description."""


def parsed(
    project: Project, argv: Sequence[str] | None, *, program: str, hosted: bool
) -> Namespace | int:
    """Return the arguments, or the exit code if there is nothing left to do."""
    parser = _parser(project, program=program, hosted=hosted)
    try:
        # If parsers knew these defaults, a command's parser would undo flags that precede it.
        return parser.parse_args(argv, Namespace(json=False, host="", state=""))
    except SystemExit as error:  # argparse printed help or an error
        return error.code if isinstance(error.code, int) else USAGE


def _parser(project: Project, *, program: str, hosted: bool) -> ArgumentParser:
    common = ArgumentParser(add_help=False, argument_default=SUPPRESS)
    common.add_argument("--json", action="store_true", help="print data instead of text")
    if not hosted:
        common.add_argument(
            "--host", metavar="MODULE:NAME", help="use the program's own client (HEADCOUNT_HOST)"
        )
        common.add_argument(
            "--state", metavar="DIRECTORY", help="use its state directory (HEADCOUNT_STATE)"
        )
    parser = ArgumentParser(
        prog=program or None,
        description=f"What {project.title} counts about this installation, and your say in it.",
        epilog=_EXITS,
        formatter_class=RawDescriptionHelpFormatter,
        parents=[common],
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> ArgumentParser:
        return commands.add_parser(name, help=text, description=f"{text}.", parents=[common])

    _reading(command)
    _answering(command)
    return parser


def _reading(command: Command) -> None:
    status = command("status", "show whether reports are sent, why, and what is due")
    status.add_argument(
        "--ask-server",
        action="store_true",
        help="ask the server for its threshold and retention, if everything is on",
    )
    preview = command("preview", "show each key with its value and reason, and the exact report")
    everything = preview.add_mutually_exclusive_group()
    everything.add_argument(
        "--level", choices=LEVELS, help="show everything that a yes to this level would send"
    )
    everything.add_argument(
        "--all",
        dest="level",
        action="store_const",
        const=LEVELS[-1],
        help="show everything that is asked, including keys that wait for your answer",
    )
    check = command(
        "check", "call every collector of the program, and say what is wrong (for its CI)"
    )
    check.add_argument(
        "--format",
        choices=("text", "github"),
        default="text",
        help="github: print annotations for a workflow (default: text)",
    )
    check.add_argument(
        "--show-values",
        action="store_true",
        help="also show what collectors returned, on a terminal and nowhere else",
    )
    command("diff", "compare what is asked now with what you agreed to and what was sent last")
    command("form", "print the question as data, for installers that draw it")
    history = command("history", "list every report that was sent, with its outcome")
    history.add_argument("week", nargs="?", help="show a week's reports in full, such as 2026-W47")
    history.add_argument("--delete", action="store_true", help="remove the list")
    send = command("send", "send this week's report now")
    send.add_argument("--if-due", action="store_true", help="send it only if its moment has come")


def _answering(command: Command) -> None:
    ask = command("ask", "put the question in the terminal, once")
    ask.add_argument("--again", action="store_true", help="put it even if it was answered before")
    grant = command("grant", "say yes")
    grant.add_argument(
        "--level", choices=LEVELS, help="how much to agree to (default: as before, or else basic)"
    )
    grant.add_argument(
        "--refuse",
        metavar="KEY",
        action="append",
        default=[],
        help="leave this key out too; keys left out before stay out until you allow them",
    )
    grant.add_argument(
        "--as-configuration",
        action="store_true",
        help="print the setting that means this yes in a container, and write nothing",
    )
    deny = command("deny", "say no, for good, and remove what was kept for sending")
    deny.add_argument(
        "--delete-history", action="store_true", help="also remove the list of what was sent"
    )
    level = command("set-level", "change how much you agree to")
    level.add_argument("level", choices=LEVELS, help="basic or extended")
    for name, text in (("refuse", "leave keys out"), ("allow", "agree to keys")):
        single = command(name, text)
        single.add_argument("keys", nargs="*", metavar="KEY", help="name of a key")
        single.add_argument(
            "--waiting", action="store_true", help="take all keys that wait for your answer"
        )
    command("forget", "remove every file, including your answer; you may be asked again")
