"""The state directory: what of a project is on disk, and how it gets there and away.

```
<state directory>/
    backdrop.json     the decision, or the time of the notice or question
    backdrop.history/ what was sent, one file per report, for people; a no keeps it
                      unless they ask, since it is theirs
    backdrop/         gone as soon as the answer is no
        secret        the key of the weekly tokens, and the weeks they were made for
        plan.json     the week, its moment, the attempts
        outbox.json   the week's report, frozen before the first attempt
        promise.json  what the server last said of its policy
        lock          one process sends at a time
```

Withdrawing is one rename of the inner directory. A process that is still
sending then writes into a place that no longer exists, so it can leave nothing
behind.
"""

from __future__ import annotations

import os

from headcount.model.errors import StateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from headcount.model.token_secret import TokenSecret
    from headcount.storage.file_lock import Lock

SECRET = "secret"  # noqa: S105 - the name of a file
SHARED = "HEADCOUNT_SECRET_FILE"
"""The variable that names a secret which several replicas share."""

REPORT = "outbox.json"
_LARGEST = 4_000_000  # bytes; nothing of ours comes near
_PATIENCE = 5.0  # seconds to wait while another process writes a decision


class StateDirectory:
    """The files of one project in a host's state directory.

    Nothing is created before something must be written. Directories are 0700,
    files 0600, and every file is replaced in one step. `shared_secret` is the path of
    a secret that replicas share, and takes the place of the one kept here.
    """

    def __init__(self, path: str | PathLike[str], project: str, *, shared_secret: str = "") -> None:
        self.shared_secret = shared_secret
        self.path = os.path.abspath(os.fspath(path))
        self.project = project
        self.decision = os.path.join(self.path, f"{project}.json")
        self.history = os.path.join(self.path, f"{project}.history")
        self._inner = os.path.join(self.path, project)

    def read_decision(self) -> bytes | None:
        """The consent record, None where there is none; StateError where it cannot be read."""
        return _read(self.decision)

    def write_decision(self, data: bytes) -> None:
        """Stores the consent record, durable before this returns."""
        with _AsStateError(self.decision):
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            _write(self.decision, data, durable=True)

    def changing(self, *, urgent: bool = False) -> Lock:
        """A lock around reading, changing and writing the decision; waits a little.

        An `urgent` change, such as a no, is made even if the file system has no locks.
        """
        with _AsStateError(self.path):
            os.makedirs(self.path, mode=0o700, exist_ok=True)
        from headcount.storage.file_lock import Lock

        return Lock(
            os.path.join(self.path, f"{self.project}.lock"),
            patience=_PATIENCE,
            fleeting=True,
            urgent=urgent,
        )

    def sending(self) -> Lock:
        """A lock around planning and sending; does not wait. Makes the inner directory."""
        with _AsStateError(self._inner):
            os.makedirs(self.path, mode=0o700, exist_ok=True)
        with _AsStateError(self._inner, fine=FileExistsError):
            os.mkdir(self._inner, mode=0o700)
        from headcount.storage.file_lock import Lock

        return Lock(os.path.join(self._inner, "lock"))

    def read(self, name: str) -> bytes | None:
        """A file of the inner directory, None where there is none."""
        return _read(os.path.join(self._inner, name))

    def write(self, name: str, data: bytes, *, durable: bool) -> None:
        """Stores a file of the inner directory; StateError once it was withdrawn."""
        with _AsStateError(self._inner):
            _write(os.path.join(self._inner, name), data, durable=durable)

    def drop(self, name: str) -> None:
        """Removes a file of the inner directory, if it is there."""
        with _AsStateError(self._inner, fine=FileNotFoundError):
            os.unlink(os.path.join(self._inner, name))

    def file(self, name: str, data: bytes) -> None:
        """Stores a file of the history; StateError once everything was withdrawn.

        It is written in the inner directory and moved from there: who withdraws
        and then removes the history cannot find it made anew.
        """
        with _AsStateError(self.history, fine=FileExistsError):
            os.mkdir(self.history, mode=0o700)
        with _AsStateError(self._inner):
            path = os.path.join(self.history, name)
            _write(path, data, durable=False, drafts=self._inner)

    def filed(self) -> list[str]:
        """Names of the files of the history, sorted."""
        with _AsStateError(self.history, fine=FileNotFoundError):
            return sorted(os.listdir(self.history))
        return []

    def read_filed(self, name: str) -> bytes | None:
        """A file of the history, None where there is none."""
        return _read(os.path.join(self.history, name))

    def drop_filed(self, name: str) -> None:
        """Removes a file of the history, if it is there."""
        with _AsStateError(self.history, fine=FileNotFoundError):
            os.unlink(os.path.join(self.history, name))

    def clear_history(self) -> None:
        """Removes the history."""
        _remove_tree(self.history)

    def secret(self) -> TokenSecret:
        """Return the secret of this installation; made here if none (or half of one) is found.

        Call it under `sending`, or two processes could make one each.
        """
        from headcount.model.token_secret import KEY_SIZE, TokenSecret

        if self.shared_secret:
            return self.check_shared_secret()
        known = TokenSecret.decode(self.read(SECRET) or b"")
        if known is None:
            known = TokenSecret(key=os.urandom(KEY_SIZE))
            self.keep_secret(known)
        return known

    def keep_secret(self, secret: TokenSecret) -> None:
        """Store the secret, durable before this returns."""
        self.write(SECRET, secret.encode(), durable=True)

    def check_shared_secret(self) -> TokenSecret:
        """Return the secret that replicas share; StateError if it cannot be used."""
        from headcount.model.token_secret import SharedSecret
        from headcount.storage.shared_secret import shared_key

        return SharedSecret(key=shared_key(self.shared_secret, self.project))

    def discard_report(self) -> None:
        """Remove the week's saved report, if there is one."""
        self.drop(REPORT)

    def withdraw(self) -> None:
        """Removes everything but the decision and the history."""
        gone = os.path.join(self.path, f"{self.project}.{os.urandom(4).hex()}.gone")
        with _AsStateError(self._inner):
            try:
                os.rename(self._inner, gone)
            except FileNotFoundError:
                pass
            except OSError:  # Windows, while another process holds the lock open
                _remove_tree(self._inner)
            kept = (self.decision, self.history, f"{self.project}.lock")
            self._sweep(keep={os.path.basename(name) for name in kept})
        with _AsStateError(self.history, fine=OSError):  # not empty, or none
            os.rmdir(self.history)

    def forget(self) -> None:
        """Removes everything, and the directory itself if nothing else lives there."""
        if not os.path.isdir(self.path):
            return
        with self.changing(urgent=True):
            # The decision goes first, so that nobody who is sending goes on.
            with _AsStateError(self.path, fine=FileNotFoundError):
                os.unlink(self.decision)
            self.withdraw()
            self._sweep(keep=set())
        with _AsStateError(self.path, fine=OSError):  # not empty, or not ours to remove
            os.rmdir(self.path)

    def _sweep(self, keep: set[str]) -> None:
        """Removes this project's files; no project's name holds a dot, so none is another's."""
        with _AsStateError(self.path, fine=FileNotFoundError):
            for name in os.listdir(self.path):
                if name.startswith(f"{self.project}.") and name not in keep:
                    _remove_tree(os.path.join(self.path, name))


class _AsStateError:
    """Turns an OSError into a StateError that names the place, but for a kind that is fine."""

    def __init__(self, path: str, fine: type[OSError] | None = None) -> None:
        self._path = path
        self._fine = fine

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if self._fine is not None and isinstance(error, self._fine):
            return True
        if isinstance(error, OSError):
            raise StateError(
                f"{error.filename or self._path}: {error.strerror}; the state directory must be "
                f"writable by this user"
            ) from error
        return False


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            return file.read(_LARGEST) or b""
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}; cannot be read by this user") from error


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file; a pipe in its place would hold the host up for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _write(path: str, data: bytes, *, durable: bool, drafts: str = "") -> None:
    """Replaces a file in one step; its draft is made in `drafts`, by default next to it."""
    folder, name = os.path.split(path)
    draft = os.path.join(drafts or folder, f"{name}.{os.urandom(4).hex()}.tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        with _AsStateError(draft, fine=OSError):
            os.unlink(draft)
        raise
    if durable:
        _settle(os.path.dirname(path))


def _settle(directory: str) -> None:
    """Makes a rename in a directory durable, where the system knows how."""
    with _AsStateError(directory, fine=OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_tree(path: str) -> None:
    """Removes a file, or a directory of files."""
    with _AsStateError(path, fine=FileNotFoundError):
        if os.path.isdir(path) and not os.path.islink(path):
            for name in os.listdir(path):
                _remove_tree(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)
