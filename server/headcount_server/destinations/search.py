"""Elasticsearch or OpenSearch as a destination: one document a number, with a stable id.

Only calls that both have are used: index templates, mappings, `_bulk`, `_delete_by_query`.
A search engine has no transactions. So what a week no longer has is deleted first, and then
the rest is written over what is there.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar

import urllib3
from urllib3.exceptions import HTTPError

from headcount_server.destinations.content import notices, numbers
from headcount_server.destinations.url import DestinationUrl
from headcount_server.errors import ConfigError, DeliveryError
from headcount_server.publication.published import PublishedWeek
from headcount_server.week import Week

INDEX = "headcount"
"""Name of the index if the URL names none."""
AT_ONCE = 2000
"""Documents of one request."""
_KEYWORD, _LONG = {"type": "keyword"}, {"type": "long"}
MAPPINGS: Mapping[str, Any] = {
    # A field that nobody mapped would be guessed from its first value.
    "dynamic": "strict",
    "properties": {
        "kind": _KEYWORD,
        "week": _KEYWORD,
        "monday": {"type": "date", "format": "strict_date"},
        "threshold": _LONG,
        "rule": _LONG,
        "annotation": {"type": "text"},
        "project": _KEYWORD,
        "key_name": _KEYWORD,
        "measure": _KEYWORD,
        "value": _KEYWORD,
        "version": _KEYWORD,
        "reports": _LONG,
        "lower_bound": _LONG,
        "upper_bound": _LONG,
        "reason": {"type": "text"},
        "date": {"type": "date", "format": "strict_date"},
    },
}
_NAMES = ("kind", "week", "project", "key_name", "measure", "value", "version")
"""Fields that tell a document from every other one."""
_OK, _ERRORS = 200, 300
_NOT_FOUND = 404
_SECONDS = urllib3.Timeout(connect=10, read=60)


@dataclass(frozen=True, slots=True)
class SearchDestination:
    """An index of a search engine."""

    url: DestinationUrl
    index: str
    http: urllib3.PoolManager
    once: ClassVar[bool] = False

    @classmethod
    def open(cls, flag: str, url: DestinationUrl) -> SearchDestination:
        """Return the index that a URL names, without connecting. Raises ConfigError."""
        index = url.parts.path.strip("/") or INDEX
        if not url.host or index != index.lower() or not index.replace("-", "").isalnum():
            msg = f"{flag} {url}: write elasticsearch+https://USER@HOST:9200/INDEX"
            raise ConfigError(msg)
        authorities = url.options.get("ca_certs", [None])[0]
        return cls(
            url, index, urllib3.PoolManager(retries=False, timeout=_SECONDS, ca_certs=authorities)
        )

    def __str__(self) -> str:
        return str(self.url)

    @contextmanager
    def connected(self) -> Iterator[SearchWeeks]:
        """Make or migrate the template and the index."""
        weeks = SearchWeeks(self)
        weeks.prepare()
        yield weeks


@dataclass(frozen=True, slots=True)
class SearchWeeks:
    """An index whose mappings are up to date."""

    destination: SearchDestination

    def prepare(self) -> None:
        """Write the template and the mappings, which may gain fields and never change them."""
        index = self.destination.index
        template = {
            "index_patterns": [index],
            "version": 1,
            "template": {"mappings": MAPPINGS},
        }
        self._ask("PUT", f"_index_template/{index}", template)
        if self._status("HEAD", index) == _NOT_FOUND:
            self._ask("PUT", index, {})
        self._ask("PUT", f"{index}/_mapping", MAPPINGS)

    def put(self, week: PublishedWeek) -> None:
        """Delete what the week no longer has, then write every document of it."""
        found = {_id(each): each for each in documents(week)}
        self._delete(
            {
                "bool": {
                    "filter": [{"term": {"week": str(week.week)}}],
                    "must_not": [{"ids": {"values": sorted(found)}}],
                }
            }
        )
        names = sorted(found)
        for at in range(0, len(names), AT_ONCE):
            self._write({name: found[name] for name in names[at : at + AT_ONCE]})
        self._ask("POST", f"{self.destination.index}/_refresh", None)

    def keep(self, weeks: Collection[Week]) -> None:
        """Delete all documents of other weeks."""
        self._delete({"bool": {"must_not": [{"terms": {"week": sorted(map(str, weeks))}}]}})

    def _delete(self, query: Mapping[str, Any]) -> None:
        # It finds what was written before only after a refresh.
        index = self.destination.index
        self._ask("POST", f"{index}/_refresh", None)
        done = self._ask(
            "POST",
            f"{index}/_delete_by_query?conflicts=proceed&refresh=true",
            {"query": query},
        )
        if done.get("failures") or done.get("version_conflicts") or done.get("timed_out"):
            msg = f"{self.destination}: not all documents that must go could be deleted"
            raise DeliveryError(msg)

    def _write(self, some: Mapping[str, Mapping[str, Any]]) -> None:
        lines = [
            json.dumps(line, ensure_ascii=False)
            for name, document in some.items()
            for line in ({"index": {"_id": name}}, document)
        ]
        body = "\n".join(lines) + "\n"
        done = self._ask("POST", f"{self.destination.index}/_bulk", body.encode())
        if done.get("errors"):
            first: object = next(
                (item["index"]["error"] for item in done["items"] if "error" in item["index"]), {}
            )
            msg = f"{self.destination}: a document was refused: {_reason(first)}"
            raise DeliveryError(msg)

    def _status(self, method: str, path: str) -> int:
        return int(self._send(method, path, None).status)

    def _ask(self, method: str, path: str, body: object) -> dict[str, Any]:
        answer = self._send(method, path, body)
        try:
            told = answer.json()
        except ValueError:
            told = {}
        if not _OK <= answer.status < _ERRORS:
            error = told.get("error", {}) if isinstance(told, dict) else {}
            what = path.partition("?")[0]
            msg = f"{self.destination}: {method} {what}: {answer.status} {_reason(error)}".strip()
            raise DeliveryError(self.destination.url.without_password(msg))
        return told if isinstance(told, dict) else {}

    def _send(self, method: str, path: str, body: object) -> urllib3.BaseHTTPResponse:
        url = self.destination.url
        scheme = url.scheme.partition("+")[2]
        headers = {"Accept": "application/json"}
        data = None
        if isinstance(body, bytes):
            data, headers["Content-Type"] = body, "application/x-ndjson"
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if url.user or url.password:
            login = b64encode(f"{url.user}:{url.password}".encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        host = f"[{url.host}]" if ":" in url.host else url.host
        port = url.parts.port or 9200
        try:
            return self.destination.http.request(
                method, f"{scheme}://{host}:{port}/{path}", body=data, headers=headers
            )
        except (HTTPError, UnicodeError) as error:
            words = url.without_password(" ".join(str(error).split()))
            raise DeliveryError(f"{url}: {words}") from None


def documents(week: PublishedWeek) -> Iterator[dict[str, Any]]:
    """Yield a document for the week itself, one a number, and one a retraction."""
    at = {"week": str(week.week), "monday": week.week.start.date().isoformat()}
    about = {"threshold": week.threshold, "rule": week.rule, "annotation": week.annotation}
    yield {"kind": "week", **at, **about}
    for number in numbers(week):
        yield {"kind": "total", **at, **number}
    for notice in notices(week):
        yield {"kind": "retraction", **at, **notice}


def _id(document: Mapping[str, Any]) -> str:
    """Return the id of a document, which stays the same however often it is written."""
    names = json.dumps([document.get(name, "") for name in _NAMES], ensure_ascii=False)
    return f"{document['week']}-{sha256(names.encode()).hexdigest()[:32]}"


def _reason(error: object) -> str:
    if isinstance(error, Mapping):
        return " ".join(str(error.get("reason") or error.get("type") or "").split())[:200]
    return str(error)[:200]
