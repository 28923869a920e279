"""The form in which a token is kept: a hash under the key of its week."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from headcount_server.week import Week

KEY_BYTES = 32
HASH_BYTES = 16
_CHECK = b"headcount check"


def hasher(key: bytes, week: Week, project: str) -> Callable[[bytes], bytes]:
    """Return what hashes the tokens of a project under the key of a week."""
    begun = blake2b(f"{project}:{week}:".encode(), key=key, digest_size=HASH_BYTES)

    def hashed(token: bytes) -> bytes:
        digest = begun.copy()
        digest.update(token)
        return digest.digest()

    return hashed


def token_hash(key: bytes, week: Week, project: str, token: bytes) -> bytes:
    """Return the hash of a token, which links it to no other week or project."""
    return hasher(key, week, project)(token)


def key_check(key: bytes, week: Week) -> bytes:
    """Return a mark that tells a week's key from any other, and reveals nothing about the key."""
    return blake2b(str(week).encode(), key=key, digest_size=HASH_BYTES, person=_CHECK).digest()
