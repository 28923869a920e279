"""A secret that several replicas share, so that they count as one installation.

It is a file of at least 32 random bytes that nobody else can read. A person who has
the secret can tell the tokens of this installation from all others. So it belongs in
a secret store, never in an image or a repository.

`model.token_secret.SharedSecret` says which tokens may be made from it.
"""

from __future__ import annotations

import os

from headcount.model.errors import StateError
from headcount.model.sentence import Sentence
from headcount.storage.state_directory import SHARED

SMALLEST = 32
"""Bytes of the smallest file that is accepted."""

_LARGEST = 4096  # bytes
_KINDS = 8  # least number of different bytes in a random file, even if it is hex


def shared_key(path: str, project: str) -> bytes:
    """Return the key of a project's tokens, 32 bytes.

    Raises StateError, which names the remedy, if the file cannot be read, if others can
    read it, or if it is not random enough.
    """
    content = _content(path).strip()
    if len(content) < SMALLEST or len(set(content)) < _KINDS:
        raise StateError(
            Sentence(
                "{path}: a secret that replicas share must hold at least {smallest} random bytes; "
                "make one with: head -c 32 /dev/urandom | base64",
                path=path,
                smallest=SMALLEST,
            )
        )
    import hmac

    return hmac.digest(content, f"headcount:{project}".encode(), "sha256")


def _content(path: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            import stat

            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise StateError(
                    Sentence("{path}: not a file; {variable} names it", path=path, variable=SHARED)
                )
            if os.name == "posix" and mode & (stat.S_IRWXO | stat.S_IWGRP):
                raise StateError(
                    Sentence(
                        "{path}: others can read or change it, so it is no secret; chmod 0400, or "
                        "in Kubernetes defaultMode: 0400",
                        path=path,
                    )
                )
            return file.read(_LARGEST)
    except OSError as error:
        raise StateError(
            Sentence(
                "{path}: {why}; {variable} names it",
                path=path,
                why=error.strerror,
                variable=SHARED,
            )
        ) from error
