"""The command `headcount-registry`."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "build": "build_command",
    "parse": "parse_command",
    "check": "check_command",
    "init": "init_command",
    "new-key": "new_key_command",
    "diff": "diff_command",
    "renew": "renew_command",
    "review": "review_command",
    "release": "release_command",
    "generate": "generate_commands",
    "infer": "infer_command",
    "emit": "emit_command",
    "conformance": "conformance_command",
}
"""What holds each command, in the module of `commands` that has its name."""


class _Commands(click.Group):
    """A group that imports a command when it is asked for, so that none pays for another."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"headcount_registry.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = getattr(module, _COMMANDS[cmd_name])
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headcount-registry")
def main() -> None:
    """Compile declarations of what a project counts into schema and clients.

    \b
    Declarations are lines of .info files:
        telemetry[web_server][label] = Web server
        telemetry[web_server][type] = choice
        telemetry[web_server][values][] = Apache

    Exit status: 0 done, 1 the declarations (or, with --check, the files) are
    not in order, 2 the command was misused.
    """  # noqa: D301 - \b is click's mark for a paragraph to leave as it is


if __name__ == "__main__":
    main()
