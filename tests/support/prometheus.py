"""A real Prometheus that watches a server."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.server_process import fetch, installed
from support.waiting import until

_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
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

    def label_values(self, query: str, picked: Mapping[str, str]) -> list[str]:
        """Return the choices of a Grafana variable, `label_values(SELECTOR, LABEL)`."""
        asked = _LABEL_VALUES.fullmatch(filled(query, picked))
        assert asked, query
        values: list[str] = self.api(f"label/{asked[2]}/values", **{"match[]": asked[1]})
        return values


def filled(query: str, picked: Mapping[str, str]) -> str:
    """Return a query with its variables replaced as Grafana replaces them."""
    for name, value in picked.items():
        # Of a variable that takes several values, each is a regular expression of itself.
        escaped = re.escape(value).replace("\\", "\\\\") if name in {"job", "instance"} else value
        query = query.replace(f"${name}", escaped).replace(f"${{{name}}}", value)
    return query.replace("$__rate_interval", "60s")


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
