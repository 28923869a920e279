"""The key that a project pins: what its reports are sealed to on their way through a relay.

It is a key configuration (RFC 9458, 3.1) in base64, and stands in the declaration. So nobody
can be told apart by a key of their own.
"""

from __future__ import annotations

from base64 import b64decode

from headcount.model.errors import EndpointError
from headcount.model.frozen import Frozen

AES_128_GCM, CHACHA20_POLY1305 = 1, 3
"""The identifiers of the ciphers that can be used, the preferred one last."""

_KEM = b"\x00\x20"  # DHKEM(X25519, HKDF-SHA256)
_HKDF_SHA256 = 1
_PUBLIC = slice(3, 35)
_FIXED = 37  # bytes before the algorithms


class ObliviousKey(Frozen):
    """A pinned key: its identifier, its 32 public bytes, and the cipher to use with it."""

    identifier: int
    public: bytes
    cipher: int

    @classmethod
    def parse(cls, text: str) -> ObliviousKey:
        """Return the key that a declaration pins. Raises EndpointError if it pins none."""
        try:
            data = b64decode(text, validate=True)
        except ValueError:
            data = b""
        pairs = data[_FIXED:]
        if data[1:3] != _KEM or int.from_bytes(data[35:_FIXED], "big") != len(pairs):
            raise EndpointError("the project's oblivious key is none that this client knows")
        known = {
            int.from_bytes(pairs[at + 2 : at + 4], "big")
            for at in range(0, len(pairs), 4)
            if int.from_bytes(pairs[at : at + 2], "big") == _HKDF_SHA256
        } & {AES_128_GCM, CHACHA20_POLY1305}
        if not known or len(pairs) % 4:
            raise EndpointError("the project's oblivious key is for no cipher of this client")
        return cls(identifier=data[0], public=data[_PUBLIC], cipher=max(known))
