"""The authorities that an encrypted connection trusts, in any form that a host has.

The forms are PEM (with comments and other blocks between the certificates), trusted
certificates of OpenSSL, and DER. They come from the host, SSL_CERT_FILE or SSL_CERT_DIR.
"""

from __future__ import annotations

import os
import re
import ssl
from base64 import b64decode
from pathlib import Path

_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----\s*(.+?)\s*-----END", re.DOTALL)
_SEQUENCE = 0x30  # the tag at the start of every certificate
_LONG = 0x80  # from here on, further bytes hold the length


def trusted(given: bytes | None) -> tuple[bytes, ...] | None:
    """Return the certificates to trust, as DER; None for the default ones.

    They are the given ones, else those of the file SSL_CERT_FILE and the directories
    SSL_CERT_DIR. Raises OSError if a source is named and holds no certificate.
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
    """Return each certificate in PEM or DER text, as DER; leave out everything else."""
    blocks = _PEM.findall(data)
    if not blocks:
        return _sequences(data)
    # In OpenSSL's blocks, the trust settings follow the certificate.
    return tuple(one for block in blocks for one in _sequences(b64decode(block))[:1])


def pem(found: tuple[bytes, ...]) -> bytes:
    """Return certificates as PEM."""
    return "".join(map(ssl.DER_cert_to_PEM_cert, found)).encode()


def _sequences(data: bytes) -> tuple[bytes, ...]:
    """Return the consecutive ASN.1 sequences in some bytes, as far as they are complete."""
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
    """Return the contents of a directory's files, without the unreadable ones."""
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
