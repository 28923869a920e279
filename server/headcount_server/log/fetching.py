"""Fetches the bundle of a server or a site over HTTP."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from headcount_server.errors import LogError
from headcount_server.publication.bundle import ARCHIVE, CHUNK

_BUNDLE = "data/bundle.zip"
_SCHEMES = ("http://", "https://")
_SECONDS = 60.0
_MAX_BYTES = 1 << 30


def is_address(place: str) -> bool:
    """Return whether a text is an address of HTTP."""
    return place.lower().startswith(_SCHEMES)


@contextmanager
def fetched(address: str) -> Iterator[Path]:
    """Give the bundle at an address, or of the site at it, as a file of this call.

    Raises LogError.
    """
    if not address.endswith(ARCHIVE):
        address = f"{address.rstrip('/')}/{_BUNDLE}"
    with tempfile.TemporaryDirectory(prefix="headcount-bundle-") as folder:
        file = Path(folder) / f"bundle{ARCHIVE}"
        try:
            _fetch(address, file)
        except (OSError, ValueError, HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            msg = f"{address}: {getattr(error, 'reason', None) or error}"
            raise LogError(msg) from error
        yield file


def _fetch(address: str, file: Path) -> None:
    request = urllib.request.Request(address)  # noqa: S310 - `is_address` said so
    with (
        urllib.request.urlopen(request, timeout=_SECONDS) as response,  # noqa: S310 - the same
        file.open("wb") as target,
    ):
        size = 0
        while part := response.read(CHUNK):
            size += len(part)
            if size > _MAX_BYTES:
                msg = f"more than {_MAX_BYTES >> 20} MiB"
                raise ValueError(msg)
            target.write(part)
