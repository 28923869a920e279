"""The gateway's half of oblivious HTTP (RFC 9458): requests opened, responses sealed.

This module needs the extra `oblivious`, so it is imported only if a server has such a key.
HPKE (RFC 9180) is `pyhpke`. The client has the other half, in `headcount.transport`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from pyhpke import (
    AEADId,
    CipherSuite,
    ContextInterface,
    KDFId,
    KEMId,
    KEMKey,
    KEMKeyInterface,
    PyHPKEError,
)

from headcount_server.errors import WrongKey

AES_128_GCM, CHACHA20_POLY1305 = 1, 3
"""The identifiers of the ciphers that this gateway knows; clients of ours take the second."""

_KEM = b"\x00\x20"  # DHKEM(X25519, HKDF-SHA256)
_KDF = b"\x00\x01"  # HKDF-SHA256
_HEADER = 7
_ENC = 32
_NONCE = 12
OVERHEAD = _HEADER + _ENC + 16
"""Bytes by which sealing makes a request longer."""


@dataclass(frozen=True, slots=True)
class _Cipher:
    suite: CipherSuite
    key_bytes: int
    aead: type[AESGCM | ChaCha20Poly1305]


def _cipher(aead: AEADId, key_bytes: int, kind: type[AESGCM | ChaCha20Poly1305]) -> _Cipher:
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, aead)
    return _Cipher(suite, key_bytes, kind)


_CIPHERS: Mapping[int, _Cipher] = {
    AES_128_GCM: _cipher(AEADId.AES128_GCM, 16, AESGCM),
    CHACHA20_POLY1305: _cipher(AEADId.CHACHA20_POLY1305, 32, ChaCha20Poly1305),
}


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """A key of the gateway: its identifier (0 to 255) and the 32 bytes of its private half."""

    identifier: int
    private: bytes

    @property
    def loaded(self) -> KEMKeyInterface:
        """The private half, as HPKE takes it."""
        return KEMKey.from_pyca_cryptography_key(X25519PrivateKey.from_private_bytes(self.private))

    @property
    def configuration(self) -> bytes:
        """The key configuration (RFC 9458, 3.1), which clients seal to."""
        public = X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw()
        ciphers = b"".join(_KDF + number.to_bytes(2) for number in _CIPHERS)
        return bytes([self.identifier]) + _KEM + public + len(ciphers).to_bytes(2) + ciphers


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened request, and what its response is sealed with."""

    request: bytes
    _cipher: _Cipher
    _context: ContextInterface
    _enc: bytes

    def sealed(self, response: bytes, randomness: Callable[[int], bytes]) -> bytes:
        """Return an encapsulated response."""
        length = max(_NONCE, self._cipher.key_bytes)
        secret = self._context.export(b"message/bhttp response", length)
        nonce = randomness(length)
        extracted = hmac.digest(self._enc + nonce, secret, "sha256")
        key = _expanded(extracted, b"key", self._cipher.key_bytes)
        aead = self._cipher.aead(key)
        return nonce + aead.encrypt(_expanded(extracted, b"nonce", _NONCE), response, b"")


class Gateway:
    """Opens requests that were sealed to any of its keys, the first of which is announced first."""

    def __init__(self, keys: Iterable[GatewayKey]) -> None:
        keys = tuple(keys)
        self._private = {key.identifier: key.loaded for key in keys}
        self.configurations = tuple(key.configuration for key in keys)

    @property
    def announcement(self) -> bytes:
        """All key configurations, in the form `application/ohttp-keys`."""
        return b"".join(len(each).to_bytes(2) + each for each in self.configurations)

    def opened(self, sealed: bytes) -> Opened:
        """Open an encapsulated request. Raises WrongKey if none of the keys opens it."""
        header, enc = sealed[:_HEADER], sealed[_HEADER : _HEADER + _ENC]
        if len(sealed) < OVERHEAD:
            msg = "the request ends too early"
            raise WrongKey(msg)
        private = self._private.get(header[0])
        cipher = _CIPHERS.get(int.from_bytes(header[5:7]))
        if private is None or cipher is None or header[1:5] != _KEM + _KDF:
            msg = "this server has no key of this identifier and these algorithms"
            raise WrongKey(msg)
        try:
            context = cipher.suite.create_recipient_context(
                enc, private, b"message/bhttp request\0" + header
            )
            request = context.open(sealed[_HEADER + _ENC :])
        except (PyHPKEError, ValueError):
            msg = "the request was sealed to another key, or damaged"
            raise WrongKey(msg) from None
        return Opened(request, cipher, context, enc)


def _expanded(key: bytes, label: bytes, length: int) -> bytes:
    """Return HKDF-Expand of up to one block, which is all that is needed here."""
    return hmac.digest(key, label + b"\x01", "sha256")[:length]
