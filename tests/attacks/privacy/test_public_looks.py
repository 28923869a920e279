"""No public surface tells that a report came in: bodies, headers, metadata, health, reflection.

`test_public_surface` looks at the contents; here everything is looked at that
goes over the wire, of every method and of every page and file that can be
reached by following links, refusals included. Only the moment of an answer may
differ.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import replace

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.config import Config
from headcount_server.log.notes import SigningKey
from support.public_walk import walk

Submit = Callable[..., wire.SubmitReportResponse]
Said = Callable[..., bytes]
Look = Callable[[], dict[str, object]]

SERVICE = "headcount.v1.TelemetryService"
GRPC = {
    f"/{SERVICE}/GetRegistry": wire.GetRegistryRequest(project="toy"),
    f"/{SERVICE}/GetStatistics": wire.GetStatisticsRequest(first_week="2020-W01"),
    f"/{SERVICE}/SubmitReport": wire.SubmitReportRequest(week="2026-W47", token=bytes(16)),
    f"/{SERVICE}/Unknown": wire.GetRegistryRequest(),
    "/grpc.health.v1.Health/Check": health_pb2.HealthCheckRequest(service=SERVICE),
}
REFLECTION = {
    "services": reflection_pb2.ServerReflectionRequest(list_services="*"),
    "a type": reflection_pb2.ServerReflectionRequest(
        file_containing_symbol="headcount.projects.toy.v1.Report"
    ),
    "an unknown type": reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.Type"),
}
PAGES = (
    *("/", "/metrics", "/collected", "/privacy", "/data", "/data/", "/projects/toy"),
    *("/projects/toy/", "/projects/toy/badge.svg", "/style.css", "/nowhere"),
    *("/post", f"/{SERVICE}/GetRegistry"),
)
CALLS = {
    "GetRegistry": {},
    "GetStatistics": {"firstWeek": "2020-W01"},
    "SubmitReport": {"week": "2026-W47"},
}


@pytest.fixture(name="config")
def _config(config: Config) -> Config:
    """Settings with a key, so that the log of what was published is a public surface too."""
    return replace(config, log_key=SigningKey.generate("looks.example.org"))


def called(channel: grpc.Channel, method: str, request: Message) -> object:
    """All that a unary call brings back."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    try:
        response, rpc = call.with_call(request.SerializeToString(), timeout=10)
    except grpc.RpcError as error:
        return error.code(), error.details(), tuple(error.trailing_metadata() or ())
    first, last = rpc.initial_metadata(), rpc.trailing_metadata()
    return response, rpc.code(), tuple(first or ()), tuple(last or ())


def reflected(channel: grpc.Channel, version: str, request: Message) -> object:
    method = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
    answers = call(iter([request.SerializeToString()]), timeout=10)
    return list(answers), tuple(answers.initial_metadata() or ())


def watched(channel: grpc.Channel) -> bytes:
    call: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
        "/grpc.health.v1.Health/Watch"
    )
    stream = call(health_pb2.HealthCheckRequest(service=SERVICE).SerializeToString(), timeout=10)
    first: bytes = next(iter(stream))
    stream.cancel()
    return first


def fetched(app: App, method: str, path: str, body: str | None = None) -> object:
    """Status, headers but the date, and body."""
    connection = http.client.HTTPConnection(app.public.host, app.public.port, timeout=10)
    try:
        kind = {"content-type": "application/json"} if body is not None else {}
        connection.request(method, path, body, kind)
        response = connection.getresponse()
        headers = [(name, text) for name, text in response.getheaders() if name.lower() != "date"]
        return response.status, headers, response.read()
    finally:
        connection.close()


@pytest.fixture(name="look")
def _look(running: App, channel: grpc.Channel) -> Look:
    def look() -> dict[str, object]:
        seen = {f"gRPC {method}": called(channel, method, ask) for method, ask in GRPC.items()}
        seen |= {
            f"reflection {version} {what}": reflected(channel, version, ask)
            for version in ("v1", "v1alpha")
            for what, ask in REFLECTION.items()
        }
        seen["health"] = watched(channel)
        seen |= {f"{m} {p}": fetched(running, m, p) for p in PAGES for m in ("GET", "HEAD")}
        seen |= {f"walk {p}": found for p, found in walk(str(running.public)).items()}
        seen |= {
            f"POST {method}": fetched(running, "POST", f"/{SERVICE}/{method}", json.dumps(ask))
            for method, ask in CALLS.items()
        }
        return seen

    return look


def test_the_walk_reaches_every_route_of_the_public_port(
    running: App, at: Callable[[str], None], submit: Submit, said: Said
) -> None:
    for number in range(5):
        submit(said(multisite={"value": True}), number)
    at("2026-11-25T00:00:00Z")
    seen = walk(str(running.public))
    reached = [path.partition("?")[0] for path, found in seen.items() if found.status < 400]
    routes = [route for route in running._pages.routes() if route.methods != {"POST"}]
    assert len(routes) > 5
    unreached = [r.path for r in routes if not any(r.path_regex.match(path) for path in reached)]
    redirects = {"/collected", "/privacy", "/changes", "/weeks", "/methodology", "/search"}
    # There is no map of the site unless its address is known, and one project shares nothing.
    absent = {"/sitemap.xml", "/conventions", "/conventions/{rest:path}"}
    assert set(unreached) <= redirects | absent, "linked as they end"
    kinds = {dict(found.headers).get("content-type", "").split(";")[0] for found in seen.values()}
    assert kinds >= {"text/html", "application/json", "text/csv", "application/zip"}


def _differing(before: dict[str, object], after: dict[str, object]) -> set[str]:
    return {place for place in before if before[place] != after[place]}


def test_two_looks_before_and_after_one_report_are_the_same_in_all_that_is_sent(
    look: Look, at: Callable[[str], None], submit: Submit, said: Said
) -> None:
    at("2026-11-17T12:00:00Z")
    for number in range(5):
        submit(said(multisite={"value": True}), number, "2026-W46")
    at("2026-11-19T12:00:00Z")
    before = look()
    submit(said(version={"value": "1.30"}, note={"value": "never seen before"}), 1)
    assert _differing(before, look()) == set()


def test_a_look_sees_the_close_so_it_would_see_a_report(
    look: Look, at: Callable[[str], None], submit: Submit, said: Said
) -> None:
    for number in range(5):
        submit(said(multisite={"value": True}), number)
    before = look()
    at("2026-11-25T00:00:00Z")
    seen = _differing(before, look())
    assert {f"gRPC /{SERVICE}/GetStatistics", "POST GetStatistics", "GET /metrics"} <= seen
    assert {"walk /", "walk /projects/toy/", "walk /data/bundle.zip"} <= seen


def test_the_answer_to_a_repeated_report_is_the_answer_to_the_first(
    channel: grpc.Channel, running: App, said: Said
) -> None:
    request = wire.SubmitReportRequest(week="2026-W47", token=bytes(16))
    request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
    request.report.value = said(multisite={"value": True}, note={"value": "x" * 65})
    looks = [called(channel, f"/{SERVICE}/SubmitReport", request) for _ in range(3)]
    assert looks[0] == looks[1] == looks[2]
    report = {
        "week": "2026-W47",
        "token": "QUJDREVGR0hJSktMTU5PUA==",
        "report": {
            "@type": "type.googleapis.com/headcount.projects.toy.v1.Report",
            "multisite": {"value": True},
        },
    }
    path = f"/{SERVICE}/SubmitReport"
    posted = [fetched(running, "POST", path, json.dumps(report)) for _ in range(3)]
    assert posted[0] == posted[1] == posted[2]
    assert isinstance(posted[0], tuple)
    assert posted[0][0] == 200
