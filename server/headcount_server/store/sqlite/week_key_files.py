"""The week keys: secrets without which the tokens of a closed week are unreadable.

They are in a directory of their own beside the database, so that neither a copy of the
database nor a backup holds them. The close destroys them. The database has a check value of
each key, made before the key is used. So the right key is known from any other, and no key
of another database is destroyed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from headcount_server.errors import StoreError
from headcount_server.store.sqlite.erasing import destroy, sync
from headcount_server.store.token_hash import KEY_BYTES, hasher, key_check
from headcount_server.week import Week

_DRAFT = ".new"


class WeekKeys:
    """The keys of the open weeks, one file each, readable by the server alone.

    `checks` are the check values in the database, including those of keys that are yet to
    be destroyed.
    """

    def __init__(self, directory: Path, checks: dict[Week, bytes] | None = None) -> None:
        self._directory = directory
        self._keys: dict[Week, bytes] = {}
        self.checks = {} if checks is None else checks

    def create(
        self,
        week: Week,
        key: bytes | None = None,
        record: Callable[[bytes], None] = lambda _check: None,
    ) -> None:
        """Make the key of a week, or keep `key`, durable before it hashes anything.

        `record` makes its check value durable in the database, before the key is. Raises
        StoreError if an unknown key is in the place.
        """
        self._directory.mkdir(mode=0o700, exist_ok=True)
        sync(self._directory.parent)
        path = self.path(week)
        # A key that the database knows can only come from a crash before its first use.
        self.destroy_all_but(set(self._keys) - {week})
        if path.exists():
            raise StoreError(_stranger(path))
        key = key or secrets.token_bytes(KEY_BYTES)
        check = key_check(key, week)
        record(check)
        self.checks[week] = check
        draft = path.with_suffix(_DRAFT)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, key)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.rename(path)
        sync(self._directory)
        self._keys[week] = key

    def load(self, week: Week) -> None:
        """Read the key of a week that is open in the database.

        Raises StoreError if it is gone or another one, because without it a counted report could be
        counted again. If an older program left no check value of the key, this one is recorded.
        """
        path = self.path(week)
        remedy = (
            "put the right one back, or give up what the week has counted: headcount-server "
            f"discard --week {week} --database DATABASE"
        )
        try:
            key = path.read_bytes()
        except OSError as error:
            msg = (
                f"{path}: the key of the open week {week} cannot be read ({error.strerror}); "
                f"{remedy}"
            )
            raise StoreError(msg) from error
        if len(key) != KEY_BYTES:
            msg = f"{path}: the key of the open week {week} is damaged; {remedy}"
            raise StoreError(msg)
        check = key_check(key, week)
        if self.checks.setdefault(week, check) != check:
            msg = (
                f"{path}: not the key that {week} was counted with: it is damaged, or another "
                f"database's; {remedy}"
            )
            raise StoreError(msg)
        self._keys[week] = key

    def key(self, week: Week) -> bytes:
        """Return the key of a week, which `create` made or `load` read."""
        return self._keys[week]

    def hasher(self, week: Week, project: str) -> Callable[[bytes], bytes]:
        """Return what hashes a project's tokens of a week."""
        return hasher(self._keys[week], week, project)

    def path(self, week: Week) -> Path:
        """Return the file of a week's key."""
        return self._directory / f"{week}.key"

    def refuse_strangers(self, weeks: set[Week]) -> None:
        """Raise StoreError for a key that is neither known nor one of these weeks'."""
        for path in self._leftovers(weeks):
            if not self._is_known(path):
                raise StoreError(_stranger(path))

    def destroy_all_but(self, weeks: set[Week]) -> None:
        """Overwrite and remove the keys of every other week that the database knows.

        If a key cannot be removed or is unknown, all others are removed first. Then raises
        OSError or StoreError.
        """
        for week in set(self._keys) - weeks:
            del self._keys[week]
        failed: OSError | StoreError | None = None
        for path in [*self._leftovers(weeks), *self._directory.glob(f"*{_DRAFT}")]:
            try:
                if path.suffix != _DRAFT and not self._is_known(path):
                    failed = StoreError(_stranger(path))
                else:
                    destroy(path)
            except OSError as error:
                failed = error
        if self._directory.exists():
            sync(self._directory)
        if failed is not None:
            raise failed

    def destroy(self, week: Week) -> None:
        """Overwrite and remove whatever is in the place of a week's key. Raises OSError."""
        self._keys.pop(week, None)
        destroy(self.path(week))

    def _leftovers(self, weeks: set[Week]) -> Iterator[Path]:
        kept = {self.path(week) for week in weeks}
        return (path for path in sorted(self._directory.glob("*.key")) if path not in kept)

    def _is_known(self, path: Path) -> bool:
        """Return whether the database has used a key, or a crash left it half destroyed."""
        key = path.read_bytes()
        if not any(key):
            return True
        try:
            week = Week.parse(path.stem)
        except ValueError:
            return False
        return len(key) == KEY_BYTES and self.checks.get(week) == key_check(key, week)


def _stranger(path: Path) -> str:
    return (
        f"{path}: a key that this database knows nothing of; it may be what another database "
        "needs: put that one back, or move the key to where it belongs"
    )
