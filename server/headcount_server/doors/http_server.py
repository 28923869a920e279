"""The HTTP doors: published totals for everyone, operations for the operator."""

from __future__ import annotations

import logging
import socket
import threading

import uvicorn
from starlette.applications import Starlette

from headcount_server.doors.address import Address
from headcount_server.doors.header_timeout import HeaderTimeoutProtocol
from headcount_server.doors.tls import Identity
from headcount_server.errors import ConfigError

MAX_CONNECTIONS = 512
"""Connections to one door at once; further ones are answered with 503 at once."""
MAX_HEADER_BYTES = 16 * 1024
DRAIN_SECONDS = 10
"""How long the end waits for callers that do not read their answers."""


class HttpDoor:
    """Serves an application on one address, on a thread of its own.

    Raises ConfigError if it cannot listen there.
    """

    def __init__(
        self, app: Starlette, flag: str, address: Address, identity: Identity | None = None
    ) -> None:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        try:
            self._socket = socket.create_server((address.host, address.port), family=family)
        except OSError as error:
            msg = f"{flag} {address}: {error.strerror}; is the port taken?"
            raise ConfigError(msg) from error
        # Connections inherit it. asyncio leaves it out, and then an answer on a connection
        # in use waits 40 ms for its caller to acknowledge the headers.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        # Addresses of callers are not for logs, so there is no access log.
        config = uvicorn.Config(
            app,
            http=HeaderTimeoutProtocol,
            ws="none",
            log_config=None,
            log_level=logging.ERROR,  # it warns of every caller that is no HTTP client
            access_log=False,
            server_header=False,
            proxy_headers=False,  # whom to believe is for `limits` to know
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            ssl_context_factory=None if identity is None else lambda *_: identity.for_http(),
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"http {flag}"
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    @property
    def threads(self) -> list[threading.Thread]:
        """Has to run while it answers."""
        return [self._thread]

    def begin_to_stop(self) -> None:
        """Take no more requests."""
        self._server.should_exit = True

    def stop(self) -> None:
        """Let running requests finish and end."""
        self.begin_to_stop()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
