"""The state directory: the files of a project, and how they are written and removed.

```
<state directory>/
    backdrop.json     the decision, or the time of the notice or question
    backdrop.history/ the reports that were sent, one file each, for people; a no keeps
                      it unless they ask to remove it
    backdrop/         removed as soon as the answer is no
        secret        the key of the weekly tokens, and the weeks they were made for, the
                      first of them included
        plan.json     the week, its moment, the attempts
        outbox.json   the week's report, frozen before the first attempt
        promise.json  the server's policy, as last stated
        lock          held by the one process that sends
```

A withdrawal renames the inner directory, in one step. A process that is still sending
then writes to a place that no longer exists, so it leaves nothing behind.
"""

from __future__ import annotations

import os

from headcount.model.errors import StateError
from headcount.storage.files import (
    AsStateError,
    handed_over,
    is_ours,
    make_directory,
    read,
    remove_tree,
    write,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from headcount.model.token_secret import TokenSecret
    from headcount.storage.file_lock import Lock

SECRET = "secret"  # noqa: S105 - the name of a file
SHARED = "HEADCOUNT_SECRET_FILE"
"""The variable that names the file of a secret which replicas share."""

REPORT = "outbox.json"
_PATIENCE = 5.0  # seconds to wait for another process that writes a decision


class StateDirectory:
    """The files of one project in a host's state directory.

    Nothing is created before something must be written. Directories have mode 0700 and
    files 0600, and every file is replaced in one step; `files` says what differs for
    root and for shared directories. `shared_secret` is the path of a secret that
    replicas share, which replaces the one kept here.
    """

    def __init__(self, path: str | PathLike[str], project: str, *, shared_secret: str = "") -> None:
        self.shared_secret = shared_secret
        self.path = os.path.abspath(os.fspath(path))
        self.project = project
        self.decision = os.path.join(self.path, f"{project}.json")
        self.history = os.path.join(self.path, f"{project}.history")
        self._inner = os.path.join(self.path, project)

    def read_decision(self) -> bytes | None:
        """Return the consent record, None if there is none; StateError if it cannot be read."""
        return read(self.decision)

    def write_decision(self, data: bytes) -> None:
        """Store the consent record; it is durable when this returns."""
        with AsStateError(self.decision):
            self._make()
            write(self.decision, data, durable=True)

    def changing(self, *, urgent: bool = False) -> Lock:
        """Return the lock for reading, changing and writing the decision; it waits a little.

        An `urgent` change, such as a no, is made even if the file system has no locks.
        """
        with AsStateError(self.path):
            self._make()
        from headcount.storage.file_lock import Lock

        path = os.path.join(self.path, f"{self.project}.lock")
        return Lock(path, patience=_PATIENCE, fleeting=True, urgent=urgent, made=handed_over)

    def sending(self) -> Lock:
        """Return the lock for planning and sending, which does not wait.

        This creates the inner directory.
        """
        with AsStateError(self._inner):
            self._make()
        with AsStateError(self._inner, fine=FileExistsError):
            make_directory(self._inner)
        from headcount.storage.file_lock import Lock

        return Lock(os.path.join(self._inner, "lock"), made=handed_over)

    def read(self, name: str) -> bytes | None:
        """Return a file of the inner directory, None if there is none.

        Somebody else's file in a directory of ours counts as none, since we can
        replace it.
        """
        try:
            return read(os.path.join(self._inner, name))
        except StateError:
            if is_ours(self._inner):
                return None
            raise

    def write(self, name: str, data: bytes, *, durable: bool) -> None:
        """Store a file of the inner directory; StateError after a withdrawal."""
        with AsStateError(self._inner):
            write(os.path.join(self._inner, name), data, durable=durable)

    def drop(self, name: str) -> None:
        """Remove a file of the inner directory, if it exists."""
        with AsStateError(self._inner, fine=FileNotFoundError):
            os.unlink(os.path.join(self._inner, name))

    def file(self, name: str, data: bytes) -> None:
        """Store a file of the history; StateError after a withdrawal.

        It is written in the inner directory and moved from there. So a person who
        withdraws and then removes the history does not find it created again.
        """
        with AsStateError(self.history, fine=FileExistsError):
            make_directory(self.history)
        with AsStateError(self._inner):
            path = os.path.join(self.history, name)
            write(path, data, durable=False, drafts=self._inner)

    def filed(self) -> list[str]:
        """Return the names of the files of the history, sorted."""
        with AsStateError(self.history, fine=FileNotFoundError):
            return sorted(os.listdir(self.history))
        return []

    def read_filed(self, name: str) -> bytes | None:
        """Return a file of the history, None if there is none."""
        return read(os.path.join(self.history, name))

    def drop_filed(self, name: str) -> None:
        """Remove a file of the history, if it exists."""
        with AsStateError(self.history, fine=FileNotFoundError):
            os.unlink(os.path.join(self.history, name))

    def clear_history(self) -> None:
        """Remove the history."""
        remove_tree(self.history)

    def secret(self) -> TokenSecret:
        """Return the secret of this installation; make one if there is none, or only half of one.

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

    def first_week(self, own: str) -> str:
        """Return the week of the first report, if one is made in the week `own`.

        It is `""` if it is unknown. Replicas cannot know it, so each is in its first.
        """
        from headcount.model.token_secret import TokenSecret

        known = None if self.shared_secret else TokenSecret.decode(self.read(SECRET) or b"")
        return known.first_week(own) if known else own

    def keep_secret(self, secret: TokenSecret) -> None:
        """Store the secret; it is durable when this returns."""
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
        """Remove everything except the decision and the history."""
        gone = os.path.join(self.path, f"{self.project}.{os.urandom(4).hex()}.gone")
        with AsStateError(self._inner):
            try:
                os.rename(self._inner, gone)
            except FileNotFoundError:
                pass
            except OSError:  # Windows, while another process holds the lock open
                remove_tree(self._inner)
            kept = (self.decision, self.history, f"{self.project}.lock")
            self._sweep(keep={os.path.basename(name) for name in kept})
        with AsStateError(self.history, fine=OSError):  # not empty, or none
            os.rmdir(self.history)

    def forget(self) -> None:
        """Remove everything, and the directory itself if nothing else is in it."""
        if not os.path.isdir(self.path):
            return
        with self.changing(urgent=True):
            # The decision goes first, so that a process that is sending stops.
            with AsStateError(self.path, fine=FileNotFoundError):
                os.unlink(self.decision)
            self.withdraw()
            self._sweep(keep=set())
        with AsStateError(self.path, fine=OSError):  # not empty, or not ours to remove
            os.rmdir(self.path)

    def _make(self) -> None:
        """Create the state directory, if it does not exist."""
        if not os.path.isdir(self.path):
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            try:
                make_directory(self.path)
            except FileExistsError:
                if not os.path.isdir(self.path):
                    raise

    def _sweep(self, keep: set[str]) -> None:
        """Remove this project's files. Project names have no dots, so none is another project's."""
        with AsStateError(self.path, fine=FileNotFoundError):
            for name in os.listdir(self.path):
                if name.startswith(f"{self.project}.") and name not in keep:
                    remove_tree(os.path.join(self.path, name))
