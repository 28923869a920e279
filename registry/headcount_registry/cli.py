"""The command `headcount-registry`."""

from __future__ import annotations

import click

from headcount_registry.commands.build import build_command
from headcount_registry.commands.check import check_command
from headcount_registry.commands.conformance import conformance_command
from headcount_registry.commands.diff import diff_command
from headcount_registry.commands.emit import emit_command
from headcount_registry.commands.generate import generate_commands
from headcount_registry.commands.infer import infer_command
from headcount_registry.commands.init import init_command
from headcount_registry.commands.new_key import new_key_command
from headcount_registry.commands.parse import parse_command
from headcount_registry.commands.release import release_command
from headcount_registry.commands.renew import renew_command
from headcount_registry.commands.review import review_command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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


main.add_command(build_command)
main.add_command(parse_command)
main.add_command(check_command)
main.add_command(init_command)
main.add_command(new_key_command)
main.add_command(diff_command)
main.add_command(renew_command)
main.add_command(review_command)
main.add_command(release_command)
main.add_command(generate_commands)
main.add_command(infer_command)
main.add_command(emit_command)
main.add_command(conformance_command)

if __name__ == "__main__":
    main()
