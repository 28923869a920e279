"""The HTTP doors: published totals for everyone, operations for the operator."""

from __future__ import annotations

import logging
import threading

import uvicorn
from starlette.types import ASGIApp

from headcount_server.doors import memory
from headcount_server.doors.address import Address
from headcount_server.doors.event_loop import HttpEventLoop
from headcount_server.doors.http_application import MAX_HEADER_BYTES
from headcount_server.doors.listener import ACCEPTED_AT_ONCE, Listener
from headcount_server.doors.request_timeouts import TimedProtocol
from headcount_server.doors.tls import Identity
from headcount_server.errors import ConfigError

TIDY_SECONDS = 1
"""Seconds between two looks at whether a crowd has left memory to be given back."""
DRAIN_SECONDS = 10
"""Seconds that the end waits for callers that do not read their responses."""


class HttpDoor:
    """Serves an application on one address, on a thread of its own.

    Networks share `places`, the number of connections that the door holds at once. Raises
    ConfigError if it cannot listen there.
    """

    def __init__(
        self, app: ASGIApp, flag: str, address: Address, places: int, identity: Identity | None
    ) -> None:
        try:
            self._socket = Listener(address, places)
        except OSError as error:
            msg = f"{flag} {address}: {error.strerror}; is the port taken?"
            raise ConfigError(msg) from error
        self.port: int = self._socket.getsockname()[1]
        # Addresses of callers must not be logged, so there is no access log.
        config = uvicorn.Config(
            app,
            http=TimedProtocol,
            ws="none",
            log_config=None,
            log_level=logging.ERROR,  # it warns of every caller that is not an HTTP client
            access_log=False,
            server_header=False,
            proxy_headers=False,  # `rate_limits` alone knows which proxies are trusted
            loop=f"{HttpEventLoop.__module__}:{HttpEventLoop.__name__}",
            backlog=ACCEPTED_AT_ONCE,  # asyncio accepts as many before it serves open ones
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            ssl_context_factory=None if identity is None else lambda *_: identity.for_http(),
            lifespan="off",
            timeout_graceful_shutdown=DRAIN_SECONDS,
            callback_notify=self._tidy,
            timeout_notify=TIDY_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"http {flag}"
        )

    async def _tidy(self) -> None:
        if self._socket.has_emptied():
            memory.give_back()

    def start(self) -> None:
        """Start to answer."""
        self._thread.start()

    @property
    def threads(self) -> list[threading.Thread]:
        """Return the threads, which must run while the door answers."""
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
