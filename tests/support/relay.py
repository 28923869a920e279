"""A relay of TCP connections that records every byte and connects from a chosen address."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class Connection:
    """What went over one connection, as chunks in order, and the address that opened it."""

    caller: str = ""
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)

    @property
    def request(self) -> bytes:
        """All bytes of the side that connected."""
        return b"".join(self.sent)


class Relay:
    """Passes connections on to a server, from an address of the loopback."""

    def __init__(self, to: str, source: str = "127.0.0.1") -> None:
        host, _, port = to.rpartition(":")
        self._to = (host, int(port))
        self._source = source
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections: list[Connection] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A socket that another thread waits on wakes it by a shutdown, not by a close.
        for end in (self._listener, *self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _listen(self) -> None:
        while True:
            try:
                caller, peer = self._listener.accept()
                server = socket.create_connection(
                    self._to, timeout=20, source_address=(self._source, 0)
                )
            except OSError:
                return
            self._open += [caller, server]
            connection = Connection(peer[0])
            self.connections.append(connection)
            for source, target, chunks in (
                (caller, server, connection.sent),
                (server, caller, connection.received),
            ):
                threading.Thread(
                    target=_pass_on, args=(source, target, chunks), daemon=True
                ).start()


def _pass_on(source: socket.socket, target: socket.socket, chunks: list[bytes]) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            chunks.append(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
