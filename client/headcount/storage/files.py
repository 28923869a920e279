"""Files and directories of a state directory: private, whole, and owned by its owner.

If its owner opened a directory to a group, new files in it belong to the group too. If
root makes a file in somebody else's directory, it belongs to that directory's owner.
"""

from __future__ import annotations

import os

from headcount.model.errors import StateError
from headcount.model.sentence import Sentence

_LARGEST = 4_000_000  # bytes; far more than any of our files has


class AsStateError:
    """A block that turns an OSError into a StateError naming the place, except a `fine` kind."""

    def __init__(self, path: str, fine: type[OSError] | None = None) -> None:
        self._path = path
        self._fine = fine

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if self._fine is not None and isinstance(error, self._fine):
            return True
        if isinstance(error, OSError):
            raise StateError(
                Sentence(
                    "{path}: {why}; the state directory must be writable by this user",
                    path=error.filename or self._path,
                    why=error.strerror,
                )
            ) from error
        return False


def read(path: str) -> bytes | None:
    """Return the content of a file, None if there is none; StateError if it cannot be read."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            return file.read(_LARGEST) or b""
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = Sentence("{path}: {why}; cannot be read by this user", path=path, why=error.strerror)
        if isinstance(error, PermissionError):
            why = Sentence(
                "{why}; users who share a state need a directory that their group may write to",
                why=why,
            )
        raise StateError(why) from error


def _without_waiting(path: str, flags: int) -> int:
    """Open a file without blocking: a pipe in its place would block the host for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def write(path: str, data: bytes, *, durable: bool, drafts: str = "") -> None:
    """Replace a file in one step. Its draft is written in `drafts`, by default next to it."""
    folder, name = os.path.split(path)
    draft = os.path.join(drafts or folder, f"{name}.{os.urandom(4).hex()}.tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            handed_over(file.fileno(), draft)
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        with AsStateError(draft, fine=OSError):
            os.unlink(draft)
        raise
    if durable:
        _settle(os.path.dirname(path))


def make_directory(path: str) -> None:
    """Make a directory; FileExistsError if something is there."""
    os.mkdir(path, mode=0o700)
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            handed_over(handle, path)
        finally:
            os.close(handle)


def handed_over(handle: int, path: str) -> None:
    """Give a new file of root's to the owner of its folder, and any new file to a sharing group.

    It works by handle, so that nobody can put another file in its place meanwhile.
    """
    if not hasattr(os, "fchown"):
        return
    folder, made = os.stat(os.path.dirname(path)), os.fstat(handle)
    if made.st_uid != os.geteuid():
        return  # not new, and somebody else's
    shared = bool(folder.st_mode & 0o020)
    owner = folder.st_uid if made.st_uid == 0 else made.st_uid
    group = folder.st_gid if shared or owner != made.st_uid else made.st_gid
    try:
        if (owner, group) != (made.st_uid, made.st_gid):
            os.fchown(handle, owner, group)
        if shared:
            os.fchmod(handle, 0o2770 if made.st_mode & 0o040000 else 0o660)
    except PermissionError:  # not in that group: the file stays private
        return


def is_ours(directory: str) -> bool:
    """Return whether a directory belongs to this user, who may then replace its files."""
    try:
        return hasattr(os, "geteuid") and os.stat(directory).st_uid == os.geteuid()
    except OSError:
        return False


def _settle(directory: str) -> None:
    """Make a rename in a directory durable, if the system can."""
    with AsStateError(directory, fine=OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_tree(path: str) -> None:
    """Remove a file, or a directory of files."""
    with AsStateError(path, fine=FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            for name in os.listdir(path):
                remove_tree(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)
