"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), with keys of Ed25519.

A key is written in one line, as Go's `sumdb/note` does:
`PRIVATE+KEY+<name>+<key ID>+<base64>` to sign, `<name>+<key ID>+<base64>` to verify.
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from headcount_server.errors import ConfigError, LogError

_ED25519 = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_NAME = re.compile(r"[^\s+]{1,200}")
_PRIVATE = "PRIVATE+KEY+"
_DASH = "\N{EM DASH}"
_FINGERPRINT = "SHA256:"
_HASH_BYTES = 32
MAX_BYTES = 64 * 1024
"""Most bytes of a note."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and its name."""

    name: str
    public: bytes

    def __str__(self) -> str:
        return f"{self.name}+{_key_id(self.name, self.public).hex()}+{_base64(self.public)}"

    @property
    def fingerprint(self) -> str:
        """Return `SHA256:` and the hash of the public key, in base64."""
        return _FINGERPRINT + b64encode(sha256(self.public).digest()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Return the key in a text. Raises LogError."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            kind, public = _decoded(encoded)
        except ValueError:
            kind, public, name, key_id = b"", b"", "", ""
        if kind != _ED25519 or key_id != _key_id(name, public).hex():
            msg = f"{text.strip()[:100]}: no verifier key of Ed25519, such as NAME+1234abcd+AbCd…"
            raise LogError(msg)
        return cls(name, public)

    def open(self, note: str) -> str:
        """Return the text of a note that this key signed. Raises LogError."""
        text, signed, signatures = note.rpartition("\n\n")
        text += "\n"
        known = _key_id(self.name, self.public)
        for line in signatures.splitlines() if signed and len(note) <= MAX_BYTES else ():
            dash, name, signature = [*line.split(" "), "", "", ""][:3]
            try:
                found = b64decode(signature, validate=True)
            except binascii.Error:
                continue
            if (dash, name, found[:_ID_BYTES]) != (_DASH, self.name, known):
                continue
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(
                    found[_ID_BYTES:], text.encode()
                )
            except InvalidSignature:
                msg = f"the signature by {self.name} is wrong"
                raise LogError(msg) from None
            return text
        msg = f"not signed by {self.name} ({self.fingerprint})"
        raise LogError(msg)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and its name."""

    name: str
    seed: bytes

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """Return a new key. Raises ConfigError for a name that notes cannot carry."""
        if not _NAME.fullmatch(name):
            msg = f"--name {name}: give a name without blanks and plus, such as stats.example.org"
            raise ConfigError(msg)
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def read(cls, file: Path) -> SigningKey:
        """Return the key in a file that `write` wrote. Raises ConfigError."""
        try:
            text = file.read_text(encoding="ascii").strip()
            name, key_id, encoded = text.removeprefix(_PRIVATE).split("+", 2)
            kind, seed = _decoded(encoded)
            key = cls(name, seed)
            sound = text.startswith(_PRIVATE) and kind == _ED25519
            sound = sound and key_id == _key_id(name, key.verifier.public).hex()
        except OSError as error:
            msg = f"--log-key {file}: {error.strerror}"
            raise ConfigError(msg) from error
        except ValueError:
            sound = False
        if not sound:
            msg = f"--log-key {file}: no key of a log; `headcount-server log key` makes one"
            raise ConfigError(msg)
        return key

    def write(self, file: Path) -> None:
        """Write the key into a new file that only its owner can read. Raises ConfigError."""
        key_id = _key_id(self.name, self.verifier.public).hex()
        text = f"{_PRIVATE}{self.name}+{key_id}+{_base64(self.seed)}\n"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as opened:
                opened.write(text)
        except OSError as error:
            msg = f"{file}: {error.strerror}; name a new file"
            raise ConfigError(msg) from error

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, public.public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return a text, whose last line has to end in a newline, as a signed note."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        signed = b64encode(_key_id(self.name, self.verifier.public) + signature).decode()
        return f"{text}\n{_DASH} {self.name} {signed}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log."""

    origin: str
    """Name of the key, a slash, and the name of the log."""
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Return the checkpoint in the text of a note. Raises LogError."""
        try:
            origin, size, root, *_ = text.splitlines()
            found = cls(origin, int(size), b64decode(root, validate=True))
        except ValueError:
            found = cls("", -1, b"")
        if not (found.origin and found.size >= 0 and len(found.root) == _HASH_BYTES):
            msg = "no checkpoint of a log, with its name, size and head in three lines"
            raise LogError(msg)
        return found


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_ID_BYTES]


def _base64(key: bytes) -> str:
    return b64encode(_ED25519 + key).decode()


def _decoded(encoded: str) -> tuple[bytes, bytes]:
    """Return kind and bytes of a key. Raises ValueError."""
    found = b64decode(encoded, validate=True)
    if len(found) != len(_ED25519) + _KEY_BYTES:
        msg = "of another length"
        raise ValueError(msg)
    return found[:1], found[1:]
