"""What is kept of a token: a hash under the key of its week."""

from __future__ import annotations

from hashlib import blake2b

from headcount_server.week import Week

KEY_BYTES = 32
HASH_BYTES = 16
_CHECK = b"headcount check"


def token_hash(key: bytes, week: Week, project: str, token: bytes) -> bytes:
    """The hash of a token under the key of a week."""
    digest = blake2b(key=key, digest_size=HASH_BYTES)
    digest.update(f"{project}:{week}:".encode())
    digest.update(token)
    return digest.digest()


def key_check(key: bytes, week: Week) -> bytes:
    """What tells the key of a week from any other, and nothing about the key."""
    return blake2b(str(week).encode(), key=key, digest_size=HASH_BYTES, person=_CHECK).digest()
