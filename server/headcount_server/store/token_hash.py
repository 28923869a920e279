"""The form in which a token is kept: a hash under the key of its week."""

from __future__ import annotations

from hashlib import blake2b

from headcount_server.week import Week

KEY_BYTES = 32
HASH_BYTES = 16
_CHECK = b"headcount check"


def token_hash(key: bytes, week: Week, project: str, token: bytes) -> bytes:
    """Return the hash of a token under the key of a week."""
    digest = blake2b(key=key, digest_size=HASH_BYTES)
    digest.update(f"{project}:{week}:".encode())
    digest.update(token)
    return digest.digest()


def key_check(key: bytes, week: Week) -> bytes:
    """Return a mark that tells a week's key from any other, and reveals nothing about the key."""
    return blake2b(str(week).encode(), key=key, digest_size=HASH_BYTES, person=_CHECK).digest()
