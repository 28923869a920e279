"""The command `headcount-server site`."""

from __future__ import annotations

from pathlib import Path

import click

from headcount_server.commands.flags import PATH, Command, database, naming, one_sentence
from headcount_server.pages import static_site
from headcount_server.pages.operator import Operator
from headcount_server.quantity import quantity
from headcount_server.registry import schema
from headcount_server.store import published_tables
from headcount_server.store.database import Database


@click.command(cls=Command)
@database
@click.option("--registry", required=True, type=PATH, help="registry.binpb that the server uses.")
@click.option(
    "--out", required=True, type=PATH, help="Folder to write; replaces an earlier site there."
)
@naming
def site(  # noqa: PLR0913 - one argument a flag
    database: Database,
    registry: Path,
    out: Path,
    operator: str | None,
    operator_contact: str | None,
    operator_imprint: str | None,
    site_address: str | None,
) -> None:
    """Write the public pages and data files as a static site, for hosting anywhere.

    Works beside a running server. Run it again after each close of a week.
    """
    with one_sentence():
        number = static_site.write(
            out,
            schema.load(registry),
            published_tables.every_week(database),
            published_tables.policy(database),
            Operator(
                operator or "", operator_contact or "", operator_imprint or "", site_address or ""
            ),
        )
    click.echo(f"{out}: {quantity(number, 'file')}; try them with: python3 -m http.server -d {out}")
