"""An oblivious client of the tests' own making: HPKE (RFC 9180) written out, without pyhpke."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_KEM = b"KEM\x00\x20"
_HPKE = b"HPKE\x00\x20\x00\x01\x00\x03"


@dataclass(frozen=True)
class Sender:
    """A sender's context; it seals one message."""

    enc: bytes
    key: bytes
    nonce: bytes
    exporter: bytes

    def seal(self, plain: bytes, aad: bytes = b"") -> bytes:
        return ChaCha20Poly1305(self.key).encrypt(self.nonce, plain, aad)

    def export(self, context: bytes, length: int) -> bytes:
        return _expand(_HPKE, self.exporter, b"sec", context, length)


def sender(public: bytes, info: bytes, ephemeral: bytes) -> Sender:
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    secret = _expand(
        _KEM, _extract(_KEM, b"", b"eae_prk", shared), b"shared_secret", enc + public, 32
    )
    context = b"\0" + _extract(_HPKE, b"", b"psk_id_hash", b"")
    context += _extract(_HPKE, b"", b"info_hash", info)
    base = _extract(_HPKE, secret, b"secret", b"")
    return Sender(
        enc,
        _expand(_HPKE, base, b"key", context, 32),
        _expand(_HPKE, base, b"base_nonce", context, 12),
        _expand(_HPKE, base, b"exp", context, 32),
    )


@dataclass(frozen=True)
class Sealed:
    """A sealed request, and how its response is opened."""

    data: bytes
    context: Sender

    def opened(self, response: bytes) -> bytes:
        aead, nonce = self._cipher(response[:32])
        return aead.decrypt(nonce, response[32:], b"")

    def answered(self, response: bytes, nonce: bytes) -> bytes:
        """A sealed response, as a server would make it with this nonce of 32 bytes."""
        aead, inner = self._cipher(nonce)
        return nonce + aead.encrypt(inner, response, b"")

    def _cipher(self, nonce: bytes) -> tuple[ChaCha20Poly1305, bytes]:
        secret = self.context.export(b"message/bhttp response", 32)
        key = hmac.digest(self.context.enc + nonce, secret, "sha256")
        aead = ChaCha20Poly1305(hmac.digest(key, b"key\x01", "sha256"))
        return aead, hmac.digest(key, b"nonce\x01", "sha256")[:12]


def sealed(configuration: bytes, request: bytes, ephemeral: bytes) -> Sealed:
    header = configuration[:3] + b"\x00\x01\x00\x03"
    context = sender(configuration[3:35], b"message/bhttp request\0" + header, ephemeral)
    return Sealed(header + context.enc + context.seal(request), context)


def post(path: str, kind: str, content: bytes, **fields: str) -> bytes:
    """A binary request of known length, without padding."""
    lines = {"content-type": kind, **fields}
    section = b"".join(_part(text.encode()) for line in lines.items() for text in line)
    control = (b"POST", b"https", b"telemetry.example.org", path.encode())
    return b"\0" + b"".join(map(_part, control)) + _part(section) + _part(content)


def response(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content of a binary response of known length."""
    assert data[0] == 1
    status, at = _read(data, 1)
    length, at = _read(data, at)
    end, texts = at + length, []
    while at < end:
        size, at = _read(data, at)
        texts.append(data[at : at + size].decode())
        at += size
    size, at = _read(data, at)
    assert not data[at + size :].strip(b"\0")
    return status, dict(zip(texts[::2], texts[1::2], strict=True)), data[at : at + size]


def _part(data: bytes) -> bytes:
    """Bytes with their length, which may be written in four bytes though one would do."""
    return (0x80000000 | len(data)).to_bytes(4) + data


def _read(data: bytes, at: int) -> tuple[int, int]:
    size = 1 << (data[at] >> 6)
    return int.from_bytes(data[at : at + size]) & ((1 << (8 * size - 2)) - 1), at + size


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, context: bytes, length: int) -> bytes:
    told = length.to_bytes(2) + b"HPKE-v1" + suite + label + context
    return hmac.digest(key, told + b"\x01", "sha256")[:length]
