"""Which authorities an encrypted connection trusts, in whatever form a host has them.

PEM, with comments and other blocks between the certificates, trusted certificates
of OpenSSL, or DER; from the host, from SSL_CERT_FILE or SSL_CERT_DIR.
"""

from __future__ import annotations

import os
import re
import ssl
from base64 import b64decode
from pathlib import Path

_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----\s*(.+?)\s*-----END", re.DOTALL)
_SEQUENCE = 0x30  # the tag that every certificate begins with
_LONG = 0x80  # lengths from here on are counted in bytes of their own


def trusted(given: bytes | None) -> tuple[bytes, ...] | None:
    """Return the certificates to trust, as DER; None for those that are usual here.

    Those given come first, then those of the file SSL_CERT_FILE and the directories
    SSL_CERT_DIR. Raises OSError if one of these is named and holds none.
    """
    if given is not None:
        found = certificates(given)
        if not found:
            raise OSError("root_certificates hold no certificate; give PEM or DER")
        return found
    file, folders = os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")
    if not file and not folders:
        return None
    found = _of_file(file) if file else ()
    for folder in folders.split(os.pathsep) if folders else ():
        found += _of_folder(folder)
    if not found:
        raise OSError(
            f"{file or folders} holds no certificate, and "
            f"{'SSL_CERT_FILE' if file else 'SSL_CERT_DIR'} names it"
        )
    return tuple(dict.fromkeys(found))


def certificates(data: bytes) -> tuple[bytes, ...]:
    """Return the certificates in PEM or DER, each as DER; what else stands there is left out."""
    blocks = _PEM.findall(data)
    if not blocks:
        return _sequences(data)
    # What trusts follows the certificate in a block of OpenSSL's.
    return tuple(one for block in blocks for one in _sequences(b64decode(block))[:1])


def pem(found: tuple[bytes, ...]) -> bytes:
    """Return certificates as PEM."""
    return "".join(map(ssl.DER_cert_to_PEM_cert, found)).encode()


def _sequences(data: bytes) -> tuple[bytes, ...]:
    """Return the sequences of ASN.1 that stand one after the other, as far as they are whole."""
    found = []
    while len(data) > 1 and data[0] == _SEQUENCE:
        size, head = data[1], 2
        if size >= _LONG:
            head += size - _LONG
            size = int.from_bytes(data[2:head], "big")
        if head + size > len(data):
            break
        found.append(data[: head + size])
        data = data[head + size :]
    return tuple(found)


def _of_file(path: str) -> tuple[bytes, ...]:
    try:
        return certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise OSError(f"SSL_CERT_FILE names {path}: {words}; name a PEM file") from error


def _of_folder(folder: str) -> tuple[bytes, ...]:
    """Return what the files of a directory hold; one that cannot be read is none."""
    found: tuple[bytes, ...] = ()
    try:
        files = sorted(Path(folder).iterdir())
    except OSError as error:
        raise OSError(f"SSL_CERT_DIR names {folder}: {error.strerror}") from error
    for file in files:
        try:
            found += certificates(file.read_bytes())
        except (OSError, ValueError):
            continue
    return found
