"""The client's half of oblivious HTTP (RFC 9458): requests sealed, responses opened.

HPKE (RFC 9180) is `pyhpke`, the extra `headcount[oblivious]`, so this module is imported only
when the first report leaves. The server has the other half.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, KEMKeyPair, PyHPKEError

from headcount.transport.oblivious_key import AES_128_GCM, CHACHA20_POLY1305

if TYPE_CHECKING:
    from pyhpke import ContextInterface, KEMKeyInterface

    from headcount.transport.oblivious_key import ObliviousKey

_CIPHERS: dict[int, tuple[AEADId, int, type[AESGCM | ChaCha20Poly1305]]] = {
    AES_128_GCM: (AEADId.AES128_GCM, 16, AESGCM),
    CHACHA20_POLY1305: (AEADId.CHACHA20_POLY1305, 32, ChaCha20Poly1305),
}
_NONCE = 12
_TAG = 16


class Sealed:
    """A sealed request: `data` goes to the relay, and `opened` reads what comes back."""

    def __init__(self, key: ObliviousKey, request: bytes, ephemeral: bytes) -> None:
        """Seal a request. `ephemeral` are 32 random bytes; ValueError if the key is unusable."""
        aead, self._length, self._aead = _CIPHERS[key.cipher]
        suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, aead)
        header = bytes([key.identifier]) + b"\x00\x20\x00\x01" + key.cipher.to_bytes(2, "big")
        try:
            receiver = suite.kem.deserialize_public_key(key.public)
            info = b"message/bhttp request\0" + header
            self._enc, self._context = sender(suite, receiver, info, ephemeral)
            self.data = header + self._enc + self._context.seal(request)
        except PyHPKEError as error:
            raise ValueError(f"the request could not be sealed: {error}") from error

    def opened(self, response: bytes) -> bytes:
        """Return what an encapsulated response says. Raises ValueError if it is not ours."""
        length = max(_NONCE, self._length)
        if len(response) < length + _TAG:
            raise ValueError("the sealed response ends too early")
        secret = self._context.export(b"message/bhttp response", length)
        extracted = hmac.digest(self._enc + response[:length], secret, "sha256")
        aead = self._aead(_expanded(extracted, b"key")[: self._length])
        nonce = _expanded(extracted, b"nonce")[:_NONCE]
        try:
            return aead.decrypt(nonce, response[length:], b"")
        except InvalidTag:
            raise ValueError("the sealed response is damaged, or for somebody else") from None


def sender(
    suite: CipherSuite, receiver: KEMKeyInterface, info: bytes, ephemeral: bytes
) -> tuple[bytes, ContextInterface]:
    """Return the encapsulated key and the context of a sender with this ephemeral key."""
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    pair = KEMKeyPair(
        KEMKey.from_pyca_cryptography_key(private),
        KEMKey.from_pyca_cryptography_key(private.public_key()),
    )
    return suite.create_sender_context(receiver, info, eks=pair)


def _expanded(key: bytes, label: bytes) -> bytes:
    """Return one block of HKDF-Expand, which is all that is needed here."""
    return hmac.digest(key, label + b"\x01", "sha256")
