"""The site as files, for any web server that can serve a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.log import documents as log_documents
from headcount_server.pages.operator import Operator
from headcount_server.pages.site import BUNDLE, NOBODY, Site
from headcount_server.publication import bundle
from headcount_server.publication.draft import drafted
from headcount_server.publication.published import PublishedWeek
from headcount_server.publication.published_log import PublishedLog
from headcount_server.publication.terms import Policy
from headcount_server.registry.schema import Schema
from headcount_server.representation import Document

MARKER = ".headcount-site"
"""File that marks a folder as replaceable."""


def write(  # noqa: PLR0913 - one of each that it shows
    directory: Path,
    known: Schema,
    weeks: Sequence[PublishedWeek],
    policy: Policy,
    operator: Operator = NOBODY,
    log: PublishedLog | None = None,
) -> int:
    """Write every page and file into a folder; return the number of files.

    `weeks` are all published weeks, newest first. A folder that this function wrote before
    is replaced as a whole; no other folder is touched. Raises StoreError.
    """
    if directory.exists() and not _is_ours(directory):
        msg = f"{directory}: is there already and is no site of ours; name another folder"
        raise StoreError(msg)
    site = Site(known, weeks, policy, operator, log, served=False)
    try:
        with drafted(directory) as draft:
            draft.mkdir()
            (draft / MARKER).write_text("Written by headcount-server site, which replaces it.\n")
            written = [_write(draft, at, document) for at, document in _documents(site, log)]
            with (draft / BUNDLE).open("wb") as file:
                bundle.archive(file, known, weeks, bundle.About(policy, operator.licence, log))
    except OSError as error:
        msg = f"{directory}: {error.strerror}"
        raise StoreError(msg) from error
    return len(written) + 1


def _is_ours(directory: Path) -> bool:
    return (directory / MARKER).exists() or (directory.is_dir() and not any(directory.iterdir()))


def _documents(site: Site, log: PublishedLog | None) -> Iterator[tuple[str, Document]]:
    for address in site.addresses:
        document = site.document(address)
        if document is not None:
            yield address, document
    for address, now in site.former.items():
        document = site.document(now) if "." in now else site.moved_page(address)
        if document is not None:
            yield address, document
    for address in log_documents.addresses(log) if log else ():
        document = log_documents.document(log, address) if log else None
        if document is not None:
            yield address, document


def _write(directory: Path, address: str, document: Document) -> Path:
    path = directory / (address if address.rpartition("/")[2] else f"{address}index.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document.body)
    return path
