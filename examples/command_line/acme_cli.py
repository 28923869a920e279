"""A command-line tool: it ends at once, and a process of its own sends its weekly report."""

from __future__ import annotations

import os

import click
from acme_telemetry import Collectors, Telemetry
from headcount import state_directory, stock


class Acme(Collectors):
    """What the tool knows about itself."""

    def version(self) -> str:
        return "2.5.1"

    def python_version(self) -> str:
        return stock.python_version()

    def operating_system(self) -> str | None:
        return stock.operating_system()


def telemetry() -> Telemetry:
    """The client, with its state where such tools keep theirs."""
    return Telemetry(
        Acme(),
        state_directory=os.environ.get("ACME_STATE") or state_directory("acme"),
        endpoint=os.environ.get("ACME_ENDPOINT"),
    )


@click.group()
@click.pass_context
def cli(context: click.Context) -> None:
    """Acme, which greets people."""
    # After the command's own work; STARTED, NOT_DUE or OFF, and never an error.
    context.call_on_close(lambda: telemetry().send_in_background())


@cli.command()
@click.argument("name")
def greet(name: str) -> None:
    """Greet NAME."""
    click.echo(f"Hello, {name}!")


@cli.command()
@click.argument("answer", type=click.Choice(["status", "preview", "yes", "no"]))
def counting(answer: str) -> None:
    """Say whether this installation is counted, and see what would be sent."""
    client = telemetry()
    if answer == "yes":
        client.grant(via="command line")
    elif answer == "no":
        client.deny(via="command line")
    if answer == "preview":
        click.echo(client.preview().json)
    else:
        click.echo(client.state().explanation)


if __name__ == "__main__":
    cli()
