"""The server's certificate for every door, reloaded when its files change."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from pathlib import Path

import grpc

from headcount_server.errors import ConfigError

LOOK_SECONDS = 1.0
"""Seconds between two looks at the files; handshakes in between use the loaded pair."""

COSTLY_RSA_BITS = 3072
"""Size of an RSA key from which an operator is warned: a handshake with it costs some four
times as much as with ECDSA P-256."""

# The type of a certificate's key, as X.509 encodes it, and the length of the key that follows.
_RSA_KEY = re.compile(
    rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82(..)", re.DOTALL
)
_AROUND_MODULUS = 15
"""Bytes of an encoded RSA key that are not its modulus."""
_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

_Stamp = tuple[tuple[int, int, int], ...]

log = logging.getLogger(__name__)


class Identity:
    """A certificate chain and its key, from two PEM files.

    New connections use the files' present content. If the files cannot be used, for
    example halfway through a renewal, the last good pair stays in force. Raises
    ConfigError if there is no good pair at the start.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._refused: _Stamp = ()
        try:
            self._load()
        except (OSError, ValueError) as error:
            msg = (
                f"--tls-certificate {certificate}, --tls-key {key}: {_reason(error)}; "
                "name PEM files of one chain and its unencrypted key"
            )
            raise ConfigError(msg) from error

    @classmethod
    def of(cls, certificate: Path | None, key: Path | None) -> Identity | None:
        """Return the identity in two files; None if none are named. Raises ConfigError."""
        return None if certificate is None or key is None else cls(certificate, key)

    def for_grpc(self) -> grpc.ServerCredentials:
        """Return credentials that follow the files."""
        presented = self._grpc

        def present() -> grpc.ServerCertificateConfiguration | None:
            # None if nothing changed: grpc makes a new context of every pair that it gets,
            # and frees the last one under handshakes that still use it.
            nonlocal presented
            self._refresh()
            if self._grpc is presented:
                return None
            presented = self._grpc
            return presented

        # The stubs do not say that None means no change.
        return grpc.dynamic_ssl_server_credentials(self._grpc, present)  # type: ignore[arg-type]

    def for_http(self) -> ssl.SSLContext:
        """Return a context that follows the files."""

        def follow(connection: ssl.SSLObject, _name: str | None, _own: ssl.SSLContext) -> None:
            self._refresh()
            connection.context = self._context

        context = self._context
        # OpenSSL calls it at every handshake, whether or not the client names a server.
        context.sni_callback = follow
        return context

    def _refresh(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._looked + LOOK_SECONDS:
                return
            self._looked = now
            stamp: _Stamp = ()
            try:
                stamp = self._present()
                if stamp != self._stamp:
                    self._load()
                    log.info("the certificate was read again: %s", self._certificate)
            except (OSError, ValueError) as error:
                if stamp != self._refused or not stamp:
                    log.error("the last certificate is kept: %s", _reason(error))  # noqa: TRY400 - no trace needed
                self._refused = stamp

    def _load(self) -> None:
        stamp = self._present()
        chain, key = self._certificate.read_bytes(), self._key.read_bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # The TLS 1.2 ciphers that gRPC takes: no CBC, no key exchange without forward secrecy.
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.set_alpn_protocols(["http/1.1"])
        # Without a password, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(self._certificate, self._key, password="")
        if stamp != self._present():
            msg = "the files changed while they were read"
            raise ValueError(msg)
        self._stamp = stamp
        self._context = context
        self._grpc = grpc.ssl_server_certificate_configuration([(key, chain)])
        bits = rsa_bits(chain)
        if bits >= COSTLY_RSA_BITS:
            log.warning(
                "%s: RSA of %d bits, with which a handshake costs some four times as much "
                "processor time as with ECDSA P-256; certbot --key-type ecdsa asks for that",
                self._certificate,
                bits,
            )

    def _present(self) -> _Stamp:
        found = []
        for path in (self._certificate, self._key):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)


def rsa_bits(chain: bytes) -> int:
    """Return the size of the RSA key of a PEM chain's first certificate; 0 if it has none."""
    first = _PEM.search(chain.decode("ascii", "replace"))
    key = _RSA_KEY.search(ssl.PEM_cert_to_DER_cert(first.group())) if first else None
    return (int.from_bytes(key.group(1), "big") - _AROUND_MODULUS) * 8 if key else 0


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"no usable pair of certificate and key ({error.reason or error})"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror}"
    return str(error)
