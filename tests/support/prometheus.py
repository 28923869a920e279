"""A real Prometheus that watches a server."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.server_process import fetch, installed
from support.waiting import until

_LISTENS = re.compile(r'msg="Listening on" address=(\S+)')


class Prometheus:
    """One that runs, and what it tells."""

    def __init__(self, url: str) -> None:
        self._url = url

    def api(self, path: str, **query: str) -> Any:  # noqa: ANN401 - as it comes
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        return json.loads(fetch(address))["data"]

    def series(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("query", query=query)["result"]
        return found


@contextmanager
def running(config: Path, data: Path, *flags: str) -> Iterator[Prometheus]:
    """One that listens where it likes, until the block ends."""
    log = data.with_name("prometheus.log")
    place = [f"--config.file={config}", f"--storage.tsdb.path={data}"]
    command = [installed("prometheus"), *place, "--web.listen-address=127.0.0.1:0", *flags]
    with (
        log.open("w") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            until(
                lambda: _is_ready(log.read_text()) or process.poll() is not None, told=log.read_text
            )
            listens = _LISTENS.search(log.read_text())
            assert listens, log.read_text()
            yield Prometheus(f"http://{listens[1]}")
        finally:
            process.kill()


def _is_ready(said: str) -> bool:
    return "Server is ready" in said and _LISTENS.search(said) is not None
