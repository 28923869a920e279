"""Real server processes for the tests that need one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from server_process import ServerProcess


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers: `serve(registry, *flags, clock=None)`; all are killed at the end."""
    started: list[ServerProcess] = []

    def serve(registry: Path, *flags: str, clock: datetime | None = None) -> ServerProcess:
        directory = tmp_path / f"server-{len(started)}"
        directory.mkdir()
        server = ServerProcess(registry, directory, flags)
        started.append(server)
        if clock is not None:
            server.set_clock(clock)
        server.start()
        return server

    yield serve
    for server in started:
        if server.process is not None:
            with suppress(OSError):
                server.kill()


@pytest.fixture(name="clean_environment")
def _clean_environment() -> dict[str, str]:
    """What a person's shell has, and none of what a CI sets."""
    return {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
