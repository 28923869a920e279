"""A small server with the calls of Elasticsearch and OpenSearch that a destination makes.

It follows the published description of these calls (`opensearch-api-specification`, the
namespaces `_core` and `indices`, and `elasticsearch-specification`): method, path, options,
types of content, form of request and response. It refuses everything else, and what is
written is found only after a refresh. It is no proof about a real server.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "writer", "kept/out:of@sight"
_JSON, _LINES = "application/json", "application/x-ndjson"
_CALLS = {
    ("PUT", "/_index_template/{name}"): ("template", _JSON, {"create", "cause"}),
    ("HEAD", "/{index}"): ("exists", None, set()),
    ("PUT", "/{index}"): ("make", _JSON, {"timeout", "wait_for_active_shards"}),
    ("PUT", "/{index}/_mapping"): ("map", _JSON, {"timeout", "write_index_only"}),
    ("POST", "/{index}/_refresh"): ("refresh", None, {"ignore_unavailable"}),
    ("POST", "/{index}/_bulk"): ("bulk", _LINES, {"refresh", "timeout"}),
    ("POST", "/{index}/_delete_by_query"): ("delete", _JSON, {"conflicts", "refresh"}),
}
Answer = tuple[int, Mapping[str, Any] | None]


class SearchServer:
    """Indices in memory, and every request that was made."""

    def __init__(self) -> None:
        self.templates: dict[str, Any] = {}
        self.mappings: dict[str, Any] = {}
        self.written: dict[str, dict[str, Any]] = {}
        self.found: dict[str, dict[str, Any]] = {}
        """Documents by index as of the last refresh; a query sees no others."""
        self.requests: list[tuple[str, str]] = []
        self.broken: Callable[[str, str], bool] = lambda _method, _path: False
        """Whether to answer a request with 503."""

    def documents(self, kind: str, index: str = "headcount") -> list[dict[str, Any]]:
        """Return what a search finds."""
        return [each for each in self.found.get(index, {}).values() if each["kind"] == kind]

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Answer:  # noqa: ANN401
        """Return the response to a request."""
        url = urlsplit(target)
        self.requests.append((method, url.path))
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if headers["Authorization"] != f"Basic {login}":
            return 401, {"error": {"type": "security_exception", "reason": "unable to log in"}}
        if self.broken(method, url.path):
            return 503, {"error": {"type": "unavailable", "reason": "shards are not available"}}
        for (its_method, pattern), (name, content, options) in _CALLS.items():
            path = re.fullmatch(
                pattern.replace("{name}", "([a-z-]+)").replace("{index}", "([a-z-]+)"), url.path
            )
            if path and method == its_method:
                assert set(parse_qs(url.query)) <= options, target
                assert not (content and headers["Content-Type"] != content), (target, content)
                return getattr(self, f"_{name}")(path[1], body)  # type: ignore[no-any-return]
        return 405, {"error": f"Incorrect HTTP method for uri [{url.path}]"}

    def _template(self, name: str, body: bytes) -> Answer:
        template = json.loads(body)
        assert set(template) <= {"index_patterns", "template", "version", "priority", "_meta"}
        assert isinstance(template["index_patterns"], list)
        self.templates[name] = template
        return 200, {"acknowledged": True}

    def _exists(self, index: str, _: bytes) -> Answer:
        return (200 if index in self.mappings else 404), None

    def _make(self, index: str, body: bytes) -> Answer:
        if index in self.mappings:
            reason = f"index [{index}] already exists"
            return 400, {"error": {"type": "resource_already_exists_exception", "reason": reason}}
        its = [t for t in self.templates.values() if index in t["index_patterns"]]
        self.mappings[index] = json.loads(body).get("mappings") or its[0]["template"]["mappings"]
        self.written[index], self.found[index] = {}, {}
        return 200, {"acknowledged": True, "shards_acknowledged": True, "index": index}

    def _map(self, index: str, body: bytes) -> Answer:
        new, old = json.loads(body), self.mappings[index]["properties"]
        for name, field in new["properties"].items():
            if old.setdefault(name, field) != field:
                reason = f"mapper [{name}] cannot be changed"
                return 400, {"error": {"type": "illegal_argument_exception", "reason": reason}}
        return 200, {"acknowledged": True}

    def _refresh(self, index: str, _: bytes) -> Answer:
        self.found[index] = dict(self.written[index])
        return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}

    def _bulk(self, index: str, body: bytes) -> Answer:
        assert body.endswith(b"\n")
        lines = [json.loads(line) for line in body.splitlines()]
        items = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            (verb, about), *none = action.items()
            assert (verb, set(about), none) == ("index", {"_id"}, [])
            assert len(about["_id"].encode()) <= 512
            error = self._refusal(index, document)
            if error is None:
                self.written[index][about["_id"]] = document
                items.append({"index": {"_id": about["_id"], "status": 200}})
            else:
                items.append({"index": {"_id": about["_id"], "status": 400, "error": error}})
        return 200, {"took": 1, "errors": any("error" in i["index"] for i in items), "items": items}

    def _refusal(self, index: str, document: Mapping[str, Any]) -> Mapping[str, str] | None:
        fields = self.mappings[index]["properties"]
        for name, value in document.items():
            if name not in fields:
                reason = f"mapping set to strict, dynamic introduction of [{name}] is not allowed"
                return {"type": "strict_dynamic_mapping_exception", "reason": reason}
            kind = fields[name]["type"]
            if value is not None and not isinstance(value, int if kind == "long" else str):
                return {"type": "mapper_parsing_exception", "reason": f"failed to parse [{name}]"}
            if kind == "date":
                date.fromisoformat(str(value))
        return None

    def _delete(self, index: str, body: bytes) -> Answer:
        query = json.loads(body)["query"]
        gone = [name for name, each in self.found[index].items() if _fits(query, name, each)]
        for name in gone:
            self.written[index].pop(name, None)
        self._refresh(index, b"")
        return 200, {
            "took": 1,
            "timed_out": False,
            "total": len(gone),
            "deleted": len(gone),
            "version_conflicts": 0,
            "failures": [],
        }


def _fits(query: Mapping[str, Any], name: str, document: Mapping[str, Any]) -> bool:
    """Return whether a document fits a query, of the kinds that are used."""
    ((kind, its),) = query.items()
    match kind:
        case "bool":
            assert set(its) <= {"filter", "must_not"}
            must = all(_fits(each, name, document) for each in its.get("filter", ()))
            return must and not any(_fits(each, name, document) for each in its["must_not"])
        case "term":
            ((field, value),) = its.items()
            return bool(document.get(field) == value)
        case "terms":
            ((field, values),) = its.items()
            assert len(values) <= 65_536
            return document.get(field) in values
        case "ids":
            return name in set(its["values"])
    msg = f"no query of this kind: {kind}"
    raise AssertionError(msg)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    search: SearchServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, told = self.search.answer(self.command, self.path, self.headers, body)
        except (AssertionError, KeyError, ValueError) as error:
            status, told = 400, {"error": {"type": "parse_exception", "reason": repr(error)}}
        data = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", _JSON)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[tuple[SearchServer, int]]:
    """Give a server and its port."""
    search = SearchServer()
    handler = type("Handler", (_Handler,), {"search": search})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield search, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
