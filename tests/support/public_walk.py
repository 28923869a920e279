"""Everything that a stranger finds on the public port by following its links.

The walk finds a new page or file as soon as anything links to it.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote, urljoin, urlsplit

STARTS = ("/", "/metrics", "/data", "/data/", "/robots.txt", "/sitemap.xml", "/nowhere")
MOST = 500

_FILE = r"[\w-]+(?:/[\w.-]+)*\.(?:json|csv|svg|png|zip)"
_ADDRESS = re.compile(rf"(?:/|https?://)[!-~]*|{_FILE}", re.ASCII)
_LINK = re.compile(r"""(?:href|src|action|data)=["']([^"'<>]+)["']""")


@dataclass(frozen=True)
class Seen:
    """What was answered: status, headers but the date, and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def walk(address: str) -> dict[str, Seen]:
    """All that can be reached, by path and query; GET of each and HEAD of each, as `HEAD PATH`."""
    seen: dict[str, Seen] = {}
    waiting = list(STARTS)
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        assert len(seen) < 2 * MOST, "the pages have no end"
        seen[path] = fetched(address, "GET", path)
        seen[f"HEAD {path}"] = fetched(address, "HEAD", path)
        waiting += _links(address, path, seen[path])
    return seen


def fetched(address: str, method: str, path: str) -> Seen:
    """Return one answer, over a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        headers = [(name, text) for name, text in response.getheaders() if name.lower() != "date"]
        return Seen(response.status, tuple(headers), response.read())
    finally:
        connection.close()


def _links(address: str, path: str, seen: Seen) -> Iterator[str]:
    headers = {name.lower(): text for name, text in seen.headers}
    kind = headers.get("content-type", "")
    found: list[str] = [headers.get("location", "")]
    if "html" in kind or "svg" in kind:
        found += [unescape(link) for link in _LINK.findall(seen.body.decode())]
    elif "json" in kind:
        found += _texts(json.loads(seen.body))
    for link in found:
        absolute = urlsplit(urljoin(f"http://{address}{path}", link)) if link else None
        if absolute and absolute.netloc == address and absolute.scheme == "http":
            place = absolute.path + (f"?{absolute.query}" if absolute.query else "")
            yield quote(place, safe="/?&=%{}:.,;-_~+!*'()@$")


def _texts(told: object) -> Iterator[str]:
    """Texts of a document that look like addresses, names of members too."""
    if isinstance(told, dict):
        yield from _texts(list(told))
        yield from _texts(list(told.values()))
    elif isinstance(told, list):
        for each in told:
            yield from _texts(each)
    elif isinstance(told, str) and _ADDRESS.fullmatch(told):
        yield told
