"""The server's certificate for every door, reloaded when its files change."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from pathlib import Path

import grpc

from headcount_server.errors import ConfigError

LOOK_SECONDS = 1.0
"""Seconds between two looks at the files; handshakes in between use the loaded pair."""

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

    def _present(self) -> _Stamp:
        found = []
        for path in (self._certificate, self._key):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"no usable pair of certificate and key ({error.reason or error})"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'}: {error.strerror}"
    return str(error)
