"""The bundle as one file to download, made once after each change of the published totals."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator
from hashlib import sha256
from tempfile import SpooledTemporaryFile

from headcount_server.errors import Unavailable
from headcount_server.publication import bundle
from headcount_server.publication.published import ReadWeeks
from headcount_server.registry.schema import Schema


class Download:
    """The archive of a registry and all published totals, made at the first request.

    Up to `bundle.MAX_MEMORY` its bytes are in memory; a larger archive is in a temporary file.
    """

    def __init__(self, known: Schema, published: ReadWeeks, about: bundle.About) -> None:
        self.schema = known
        self._about = about
        self.turn = asyncio.Lock()
        """Held by the one caller that may make the archive, so that others wait without a
        thread."""
        self._published = published
        self._file: SpooledTemporaryFile[bytes] | None = None
        self._reading = threading.Lock()
        self.size = 0
        self.digest = ""

    def make(self) -> None:
        """Make the archive unless it exists. Raises Unavailable."""
        if self._file is not None:
            return
        file = SpooledTemporaryFile(bundle.MAX_MEMORY)  # noqa: SIM115 - closed with its holder
        close = weakref.finalize(self, file.close)
        try:
            weeks = bundle.all_weeks(self._published)
            bundle.archive(file, self.schema, weeks, self._about)
            self.size = file.tell()
            file.seek(0)
            digest = sha256()
            for part in bundle.chunks(file):
                digest.update(part)
        except (OSError, Unavailable) as error:
            close()
            msg = f"the bundle cannot be made ({error})"
            raise Unavailable(msg) from error
        self.digest = digest.hexdigest()
        self._file = file

    def parts(self) -> Iterator[bytes]:
        """Yield the archive's bytes, for any number of readers at once; call `make` first."""
        file = self._file
        if file is None:
            return
        for start in range(0, self.size, bundle.CHUNK):
            with self._reading:
                file.seek(start)
                part = file.read(bundle.CHUNK)
            yield part
