"""The week keys: secrets that make tokens of a week unreadable once it is closed.

They stand in a directory of their own beside the database, so that neither a
copy of the database nor a backup holds them, and are destroyed at the close.
"""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.week import Week

KEY_BYTES = 32
HASH_BYTES = 16


class WeekKeys:
    """The keys of the open weeks, one file each, readable by the server alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys: dict[Week, bytes] = {}

    def create(self, week: Week, key: bytes | None = None) -> None:
        """Make the key of a week, or keep this one, durable before anything is hashed with it."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        _sync(self._directory.parent)
        path = self._path(week)
        key = key or secrets.token_bytes(KEY_BYTES)
        # A leftover can only come from a crash before its first use.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        _sync(self._directory)
        self._keys[week] = key

    def load(self, week: Week) -> None:
        """Read the key of a week that is open in the database.

        Raises StoreError where it is gone: without it a report that was
        counted could be counted again.
        """
        path = self._path(week)
        try:
            key = path.read_bytes()
        except OSError as error:
            msg = (
                f"{path}: the key of the open week {week} cannot be read ({error.strerror}); "
                f"put it back, or give up what the week has counted: headcount-server discard "
                f"--week {week} --database DATABASE"
            )
            raise StoreError(msg) from error
        if len(key) != KEY_BYTES:
            msg = (
                f"{path}: the key of the open week {week} is damaged; put the original back, or "
                f"give up what the week has counted: headcount-server discard --week {week} "
                "--database DATABASE"
            )
            raise StoreError(msg)
        self._keys[week] = key

    def key(self, week: Week) -> bytes:
        """The key of a week, which was created or loaded."""
        return self._keys[week]

    def hash(self, week: Week, project: str, token: bytes) -> bytes:
        """What is kept of a token: nothing that another week or project could be linked by."""
        return token_hash(self._keys[week], week, project, token)

    def destroy_all_but(self, weeks: set[Week]) -> None:
        """Overwrite and remove the keys of every other week.

        Raises OSError where one resists, after all others are gone.
        """
        for week in set(self._keys) - weeks:
            del self._keys[week]
        kept = {self._path(week) for week in weeks}
        failed: OSError | None = None
        for path in self._directory.glob("*.key"):
            if path not in kept:
                try:
                    _destroy(path)
                except OSError as error:
                    failed = error
        if self._directory.exists():
            _sync(self._directory)
        if failed is not None:
            raise failed

    def _path(self, week: Week) -> Path:
        return self._directory / f"{week}.key"


def token_hash(key: bytes, week: Week, project: str, token: bytes) -> bytes:
    """The hash of a token under the key of a week."""
    digest = blake2b(key=key, digest_size=HASH_BYTES)
    digest.update(f"{project}:{week}:".encode())
    digest.update(token)
    return digest.digest()


def _destroy(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _sync(directory: Path) -> None:
    """Make it durable which files a directory has."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
