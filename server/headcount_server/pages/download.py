"""The bundle as one file to fetch, made once for what is published."""

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
    """The archive of a registry and of all that is published, made when first asked for.

    Its bytes are held in memory up to `bundle.MAX_MEMORY`, and in a temporary
    file beyond.
    """

    def __init__(self, known: Schema, published: ReadWeeks) -> None:
        self.schema = known
        self.turn = asyncio.Lock()
        """Held by the one caller that may make it, so that others wait without a thread."""
        self._published = published
        self._file: SpooledTemporaryFile[bytes] | None = None
        self._reading = threading.Lock()
        self.size = 0
        self.digest = ""

    def make(self) -> None:
        """Make it unless it is made. Raises Unavailable."""
        if self._file is not None:
            return
        file = SpooledTemporaryFile(bundle.MAX_MEMORY)  # noqa: SIM115 - closed with its holder
        close = weakref.finalize(self, file.close)
        try:
            bundle.archive(file, self.schema, bundle.all_weeks(self._published))
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
        """Yield its bytes, for any number of readers at once. It is made before."""
        file = self._file
        if file is None:
            return
        for start in range(0, self.size, bundle.CHUNK):
            with self._reading:
                file.seek(start)
                part = file.read(bundle.CHUNK)
            yield part
