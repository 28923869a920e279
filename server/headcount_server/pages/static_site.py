"""The site as files, for any web server that can serve a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.pages.documents import Document
from headcount_server.pages.site import BUNDLE, MAX_WEEKS, Site, week_addresses
from headcount_server.publication import bundle
from headcount_server.registry import schema
from headcount_server.service.week_cycle import Policy
from headcount_server.store.contract import PublishedWeek
from headcount_server.store.database import Database, reading
from headcount_server.week import Week

MARKER = ".headcount-site"
"""File by which a folder is known as one that may be replaced."""


def write(directory: Path, database: Database, registry: Path) -> int:
    """Write every page and file into a folder; returns how many there are.

    A folder that was written before is replaced as a whole; anything else is
    left alone. Raises StoreError, SchemaError.
    """
    if directory.exists() and not _is_ours(directory):
        msg = f"{directory}: is there already and is no site of ours; name another folder"
        raise StoreError(msg)
    known, weeks = schema.load(registry), bundle.published(database)
    site = Site(known, weeks[:MAX_WEEKS], policy(database), served=False)
    draft = directory.with_name(f"{directory.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        (draft / MARKER).write_text("Written by headcount-server site, which replaces it.\n")
        written = [_write(draft, at, document) for at, document in _documents(site, weeks)]
        with (draft / BUNDLE).open("wb") as file:
            bundle.archive(file, known, weeks)
        _swap(draft, directory)
    except OSError as error:
        msg = f"{directory}: {error.strerror}"
        raise StoreError(msg) from error
    return len(written) + 1


def policy(database: Database) -> Policy:
    """The terms of a database's newest week, open or closed. Raises StoreError."""
    with reading(database) as connection:
        newest = connection.execute(
            "SELECT week, threshold, closes FROM weeks ORDER BY week DESC LIMIT 1"
        ).fetchone()
    if newest is None:
        return Policy(5, timedelta(days=2))
    week, threshold, closes = newest
    return Policy(threshold, datetime.fromisoformat(closes) - Week.parse(week).end)


def _is_ours(directory: Path) -> bool:
    return (directory / MARKER).exists() or (directory.is_dir() and not any(directory.iterdir()))


def _documents(site: Site, weeks: list[PublishedWeek]) -> Iterator[tuple[str, Document]]:
    for address in site.addresses:
        document = site.document(address)
        if document is not None:
            yield address, document
    for week in weeks[MAX_WEEKS:]:
        for address, render in week_addresses(str(week.week), week).items():
            yield address, render()


def _write(directory: Path, address: str, document: Document) -> Path:
    path = directory / (address if address.rpartition("/")[2] else f"{address}index.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document.body)
    return path


def _swap(draft: Path, directory: Path) -> None:
    """Put the draft in the folder's place; for a moment between two renames there is none."""
    former = directory.with_name(f"{directory.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    if directory.exists():
        directory.rename(former)
    draft.rename(directory)
    shutil.rmtree(former, ignore_errors=True)
