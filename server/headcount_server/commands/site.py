"""The command `headcount-server site`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from click.core import ParameterSource

from headcount_server.commands.flags import DATABASE, PATH, Command, naming, one_sentence, signing
from headcount_server.log.head import published_log
from headcount_server.pages import static_site
from headcount_server.pages.operator import Operator
from headcount_server.publication import bundle_reader
from headcount_server.publication.bundle import About
from headcount_server.publication.bundle_reader import Bundle
from headcount_server.quantity import quantity
from headcount_server.registry import schema
from headcount_server.store import published_tables
from headcount_server.store.database import Database


@click.command(cls=Command)
@click.option("--database", type=DATABASE, help="The server's SQLite file, or postgresql://….")
@click.option("--registry", type=PATH, help="registry.binpb that the server uses.")
@click.option(
    "--from",
    "bundle",
    type=PATH,
    help="A bundle, as a folder or a .zip, in place of --database and --registry.",
)
@click.option(
    "--out", required=True, type=PATH, help="Folder to write; replaces an earlier site there."
)
@naming
@signing
def site(  # noqa: PLR0913 - one argument a flag
    database: Database | None,
    registry: Path | None,
    bundle: Path | None,
    out: Path,
    operator: str | None,
    operator_contact: str | None,
    operator_imprint: str | None,
    data_licence: str | None,
    site_address: str | None,
    log_key: Path | None,
    languages: tuple[str, ...],
) -> None:
    """Write the public pages and data files as a static site, for hosting anywhere.

    Works beside a running server. Run it again after each close of a week. From a
    bundle alone, as /data/bundle.zip offers it, anybody can write the same site.
    """
    with one_sentence():
        runs = Operator(
            operator or "",
            operator_contact or "",
            operator_imprint or "",
            data_licence or "",
            site_address or "",
            languages,
        )
        shown = _read(database, registry, bundle, runs.licence, log_key)
        number = static_site.write(
            out,
            shown.schema,
            shown.weeks,
            shown.about.policy,
            replace(runs, licence=shown.about.licence),
            shown.about.log,
        )
    click.echo(f"{out}: {quantity(number, 'file')}; try them with: python3 -m http.server -d {out}")


def _read(
    database: Database | None,
    registry: Path | None,
    bundle: Path | None,
    licence: str,
    log_key: Path | None,
) -> Bundle:
    if bundle is not None:
        # What the environment says of a database is about other commands.
        for name in ("database", "registry", "data_licence", "log_key"):
            told = click.get_current_context().get_parameter_source(name)
            if told is ParameterSource.COMMANDLINE:
                flag = name.replace("_", "-")
                msg = f"--from and --{flag}: a bundle brings its own; leave one of them out"
                raise click.UsageError(msg)
        return bundle_reader.read(bundle)
    if database is None or registry is None:
        msg = "name --database and --registry, or a bundle with --from"
        raise click.UsageError(msg)
    return Bundle(
        schema.load(registry),
        published_tables.every_week(database),
        About(published_tables.policy(database), licence, published_log(database, log_key)),
    )
