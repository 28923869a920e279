"""The commands about the log of publications: `log key` and `verify`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from headcount_server.commands.flags import PATH, Command, one_sentence
from headcount_server.errors import LogError
from headcount_server.log import fetching
from headcount_server.log.history import History
from headcount_server.log.notes import MAX_BYTES, SigningKey
from headcount_server.log.verification import verify as verified
from headcount_server.publication.draft import drafted
from headcount_server.quantity import quantity


@click.group()
def log() -> None:
    """Sign the log of what was published."""


@log.command(cls=Command)
@click.option(
    "--name", required=True, help="Name of the log, such as stats.example.org; it stays public."
)
@click.argument("file", type=PATH)
def key(name: str, file: Path) -> None:
    """Make the key that signs the log, and write it into a new FILE.

    Give FILE to `serve`, `export` and `site` with --log-key. Keep a copy in a safe
    place apart from the database. Without the key nobody can go on signing.
    """
    with one_sentence():
        made = SigningKey.generate(name)
        made.write(file)
    click.echo(f"{file}: only its owner can read it; give it to `serve` with --log-key")
    click.echo(f"key          {made.verifier}")
    click.echo(f"fingerprint  {made.verifier.fingerprint}")


@click.command(cls=Command)
@click.option(
    "--key",
    "trusted",
    default="",
    help="The key that you trust, its fingerprint, or a file with either.",
)
@click.option("--since", type=PATH, help="A checkpoint that you kept; the log has to extend it.")
@click.option("--keep", type=PATH, help="Keep the checkpoint in this file, for --since next time.")
@click.argument("bundle", metavar="BUNDLE|URL")
def verify(bundle: str, trusted: str, since: Path | None, keep: Path | None) -> None:
    """Verify that nobody rewrote what was published.

    BUNDLE is a folder or a .zip; URL is the address of a bundle or of the pages.
    Compares every number with the signed log, and the log with an older
    checkpoint. Fails with exit status 1 and names each difference.
    """
    with one_sentence():
        known = _text(Path(trusted)).strip() if trusted and Path(trusted).is_file() else trusted
        before = _text(since) if since else ""
        with _place(bundle) as place:
            found = verified(place, known, before)
        if keep:
            _keep(keep, found.note)
    head = found.checkpoint
    click.echo(f"{head.origin}: {head.size} leaves, signed by {found.key.name}")
    click.echo(f"fingerprint {found.key.fingerprint}{'' if trusted else ', which nobody compared'}")
    click.echo(f"{quantity(found.weeks, 'week')}: every number is what was published")
    for line in _limits(found.history):
        click.echo(line)


def _limits(history: History) -> Iterator[str]:
    """Yield what the log does not vouch for."""
    if history.restored:
        yield (
            f"a restore on {history.restored} began this log; before was "
            f"{history.former['log']} with {history.former['size']} leaves"
        )
    if history.after:
        yield f"weeks up to {history.after} are from before this log, which cannot vouch for them"
    for project, retractions in sorted(history.retractions.items()):
        for each in retractions:
            weeks = ", ".join(each["weeks"]) or "no week so far"
            yield f"retracted: {project} {each['name']} in {weeks}: {each['reason']}"
    for (week, project), parts in sorted(history.unopened.items()):
        yield f"not compared, since it was taken down: {week} {project} {', '.join(sorted(parts))}"


@contextmanager
def _place(bundle: str) -> Iterator[Path]:
    if fetching.is_address(bundle):
        with fetching.fetched(bundle) as file:
            yield file
    else:
        yield Path(bundle)


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(MAX_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file}: {getattr(error, 'strerror', None) or 'no text'}"
        raise LogError(msg) from error


def _keep(file: Path, note: str) -> None:
    try:
        with drafted(file) as draft:
            draft.write_text(note, encoding="utf-8")
    except OSError as error:
        msg = f"{file}: {error.strerror}"
        raise LogError(msg) from error
