"""The command `headcount-server`."""

from __future__ import annotations

import click

from headcount_server import logs
from headcount_server.commands.corrections import annotate, coverage, discard, retract
from headcount_server.commands.database import database
from headcount_server.commands.init import init
from headcount_server.commands.log import log, verify
from headcount_server.commands.maintenance import backup, check, restore
from headcount_server.commands.oblivious_key import oblivious_key
from headcount_server.commands.publish import publish
from headcount_server.commands.serve import serve
from headcount_server.commands.site import site
from headcount_server.commands.statistics import export, statistics
from headcount_server.demo.command import demo


@click.group()
@click.version_option(package_name="headcount-server")
def main() -> None:
    """Count installations without looking at any of them."""
    logs.start()


for command in (
    init,
    serve,
    statistics,
    export,
    backup,
    restore,
    check,
    annotate,
    coverage,
    retract,
    discard,
    database,
    oblivious_key,
    site,
    publish,
    log,
    verify,
    demo,
):
    main.add_command(command)
