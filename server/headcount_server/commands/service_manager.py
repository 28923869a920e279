"""Tell the service manager that the server is ready, lives, or ends; sd_notify(3), for systemd."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress

PATIENCE_SECONDS = 5.0
"""Most seconds that a word waits which is said only once; a manager may be behind."""


class ServiceManager:
    """The program that started the server, if it wants to be told; otherwise nobody."""

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A name that begins with @ has no file.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        meant = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self._watches = "WATCHDOG_USEC" in environment and meant

    def ready(self) -> None:
        """Say that the server answers."""
        self._say("READY=1", PATIENCE_SECONDS)

    def lives(self) -> None:
        """Say that the server lives, if it is watched."""
        if self._watches:
            self._say("WATCHDOG=1", 0)

    def ends(self) -> None:
        """Say that the server is about to end."""
        self._say("STOPPING=1", PATIENCE_SECONDS)

    def _say(self, what: str, seconds: float) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
                told.settimeout(seconds)
                told.connect(self._address)
                told.send(what.encode())
