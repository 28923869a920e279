"""One table of conditions and codes, walked through every door: gRPC, HTTP with protobuf, JSON."""

from __future__ import annotations

import http.client
import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.doors.status import HTTP_STATUS
from headcount_server.store.sqlite.database import SqliteDatabase

SERVICE = "headcount.v1.TelemetryService"
TYPE_URL = "type.googleapis.com/headcount.projects.toy.v1.Report"
HELLO = b"\x42\x07\x0a\x05hello"  # note { value: "hello" }
HELLO_JSON = {"note": {"value": "hello"}}
TOKEN = b"t" * 16


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


MANY_UNKNOWN = b"".join(_varint(n << 3) + b"\0" for n in range(1000, 5000))


def _envelope(
    *, week: str = "2026-W47", token: bytes = TOKEN, url: str = TYPE_URL, report: bytes = HELLO
) -> bytes:
    request = wire.SubmitReportRequest(week=week, token=token)
    request.report.type_url = url
    request.report.value = report
    return request.SerializeToString()


def _json(
    *,
    week: object = "2026-W47",
    token: object = b64encode(TOKEN).decode(),
    url: object = TYPE_URL,
    report: dict[str, object] | None = None,
    **more: object,
) -> str:
    told = {"@type": url, **(HELLO_JSON if report is None else report)}
    return json.dumps({"week": week, "token": token, "report": told, **more})


@dataclass(frozen=True)
class Condition:
    """A request in its two forms, where it has both, and what has to come of it."""

    name: str
    code: grpc.StatusCode
    proto: bytes | None = None
    json: str | None = None
    fields: tuple[str, ...] = ()
    """Fields of the violations."""
    json_fields: tuple[str, ...] = ()
    """The same where JSON names them otherwise."""
    method: str = "SubmitReport"


OK = grpc.StatusCode.OK
INVALID = grpc.StatusCode.INVALID_ARGUMENT
CLOSED = grpc.StatusCode.FAILED_PRECONDITION
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def _asking(method: str, field: str, value: str) -> tuple[bytes, str]:
    request = {
        "GetRegistry": wire.GetRegistryRequest,
        "GetStatistics": wire.GetStatisticsRequest,
    }[method]()
    setattr(request, field, value)
    return request.SerializeToString(), json.dumps({field: value})


CONDITIONS = [
    Condition("a report", OK, _envelope(), _json()),
    Condition(
        "a report with every field of the envelope",
        OK,
        None,
        _json(registryDigest="d1", week="2026-W47"),
    ),
    Condition("fields by their names in the schema", OK, None, _json(registry_digest="d1")),
    Condition("a report that answers nothing", OK, _envelope(report=b""), _json(report={})),
    Condition("the same report again", OK, _envelope(), _json()),
    Condition(
        "some keys unknown",
        OK,
        _envelope(report=HELLO + b"\xf2\x01\x00"),
        _json(report={**HELLO_JSON, "nothing": {"value": 1}}),
    ),
    Condition("not decodable", INVALID, b"\xff\xff\xff", "{", ("request",)),
    Condition("no object", INVALID, None, '["week"]', ("request",)),
    Condition("no UTF-8", INVALID, None, '{"week": "\udcff"}', ("request",)),
    Condition("half a character", INVALID, None, '{"week": "\\ud800"}', ("request",)),
    Condition("no number", INVALID, None, '{"week": NaN}', ("request",)),
    Condition("a number without end", INVALID, None, "9" * 5000, ("request",)),
    Condition("a field twice", INVALID, None, '{"week": "", "week": ""}', ("request",)),
    Condition("too deep", INVALID, None, '{"a":' * 17 + "1" + "}" * 17, ("request",)),
    Condition("deeper than any stack", INVALID, None, "[" * 60_000, ("request",)),
    Condition("no week", INVALID, _envelope(week=""), _json(week=""), ("week",)),
    Condition("a week that is null", INVALID, None, _json(week=None), ("week",)),
    Condition("a week that is no text", INVALID, None, _json(week=47), ("week",)),
    Condition(
        "a week that does not exist",
        INVALID,
        _envelope(week="2025-W53"),
        _json(week="2025-W53"),
        ("week",),
    ),
    Condition(
        "a week of another form",
        INVALID,
        _envelope(week="47/2026"),
        _json(week="47/2026"),
        ("week",),
    ),
    Condition("no token", INVALID, _envelope(token=b""), _json(token=""), ("token",)),
    Condition(
        "a short token",
        INVALID,
        _envelope(token=b"t" * 15),
        _json(token=b64encode(b"t" * 15).decode()),
        ("token",),
    ),
    Condition(
        "a long token",
        INVALID,
        _envelope(token=b"t" * 17),
        _json(token=b64encode(b"t" * 17).decode()),
        ("token",),
    ),
    Condition("a token that is no base64", INVALID, None, _json(token="!" * 22), ("token",)),
    Condition("a token that is no text", INVALID, None, _json(token=[116] * 16), ("token",)),
    Condition(
        "an unknown field of the envelope",
        INVALID,
        _envelope() + b"\x98\x06\1",
        _json(weak="2026-W47"),
        ("field 99",),
        ("weak",),
    ),
    Condition("an empty request", INVALID, b"", "{}", ("week", "token", "report")),
    Condition(
        "a report of another type",
        INVALID,
        _envelope(url="x/google.protobuf.Any"),
        _json(url="x/google.protobuf.Any"),
        ("report",),
    ),
    Condition("a report without a type", INVALID, None, _json(url=None), ("report",)),
    Condition(
        "not a report",
        INVALID,
        _envelope(report=b"\xff\xff"),
        json.dumps({"week": "2026-W47", "token": "", "report": "hello"}),
        ("report",),
    ),
    Condition(
        "a key by both of its names",
        INVALID,
        None,
        _json(report={"phpVersion": {"value": "8"}, "php_version": {"value": "8"}}),
        ("report.php_version",),
    ),
    Condition(
        "no key left: too long",
        INVALID,
        _envelope(report=b"\x42\x43\x0a\x41" + b"x" * 65),
        _json(report={"note": {"value": "x" * 65}}),
        ("note.value",),
    ),
    Condition(
        "no key left: unknown",
        INVALID,
        _envelope(report=b"\xf2\x01\x00"),
        _json(report={"nothing": {"value": 1}}),
        ("report[30]",),
        ("report.nothing",),
    ),
    Condition(
        "no key left: not of its form",
        INVALID,
        None,
        _json(report={"note": "hello", "nodes": {"value": "many"}, "channel": {"value": "stable"}}),
        ("note", "nodes", "channel"),
    ),
    Condition(
        "no key left: expired",
        INVALID,
        _envelope(report=b"\x4a\x02\x08\x01"),
        _json(report={"old": {"value": True}}),
        ("old",),
    ),
    Condition(
        "thousands of keys unknown",
        INVALID,
        _envelope(report=MANY_UNKNOWN),
        _json(report={f"k{n}": 1 for n in range(1000, 5000)}),
        tuple(f"report[{n}]" for n in range(1000, 1010)),
        tuple(f"report.k{n}" for n in range(1000, 1010)),
    ),
    Condition("a week that is over", CLOSED, _envelope(week="2026-W45"), _json(week="2026-W45")),
    Condition(
        "a week that has not begun", CLOSED, _envelope(week="2026-W48"), _json(week="2026-W48")
    ),
    Condition(
        "an unknown project",
        NOT_FOUND,
        _envelope(url="x/headcount.projects.nobody.v1.Report"),
        _json(url="x/headcount.projects.nobody.v1.Report"),
    ),
    Condition(
        "an unknown project of any name",
        NOT_FOUND,
        _envelope(url="x/headcount.projects.a\nb.v1.Report"),
        _json(url="x/headcount.projects.a\nb.v1.Report"),
    ),
    Condition("an unknown method", grpc.StatusCode.UNIMPLEMENTED, b"", "{}", method="ForgetReport"),
    Condition("the registry", OK, b"", "{}", method="GetRegistry"),
    Condition(
        "a registry request that is not decodable",
        INVALID,
        b"\xff",
        "",
        ("request",),
        method="GetRegistry",
    ),
    Condition(
        "a registry request with an unknown field",
        INVALID,
        None,
        '{"projekt": "toy"}',
        ("projekt",),
        method="GetRegistry",
    ),
    Condition(
        "the registry of an unknown project",
        NOT_FOUND,
        *_asking("GetRegistry", "project", "nobody"),
        method="GetRegistry",
    ),
    Condition("the totals", OK, b"", "{}", method="GetStatistics"),
    Condition(
        "totals of no week",
        INVALID,
        *_asking("GetStatistics", "first_week", "W47"),
        ("first_week",),
        method="GetStatistics",
    ),
    Condition(
        "totals until no week",
        INVALID,
        *_asking("GetStatistics", "last_week", "2026-W54"),
        ("last_week",),
        method="GetStatistics",
    ),
    Condition(
        "the totals of an unknown project",
        NOT_FOUND,
        *_asking("GetStatistics", "project", "nobody"),
        method="GetStatistics",
    ),
]


@dataclass(frozen=True)
class Answer:
    """What came back, through whatever door."""

    code: grpc.StatusCode
    message: str = ""
    fields: tuple[str, ...] = ()
    body: bytes = b""


@pytest.fixture(scope="module", name="standing")
def _standing(toy_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One server for all tests that leave it as they find it."""
    folder = tmp_path_factory.mktemp("standing")
    clock = folder / "clock"
    clock.write_text("2026-11-19T12:00:00Z", encoding="ascii")
    free = Address("127.0.0.1", 0)
    config = Config(
        registry=toy_registry,
        database=SqliteDatabase(folder / "headcount.db"),
        grpc=free,
        public=free,
        operations=free,
    )
    with App(config, FileClock(clock)) as app:
        yield app


def _post(
    address: Address, path: str, body: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_what_is_larger_than_any_report_is_told_so_and_not_asked_for_again(standing: App) -> None:
    """Over gRPC the library refuses it by itself, before anything of ours sees it."""
    sent = [
        ("application/json", _json(report={"note": {"value": "x" * 70_000}}).encode()),
        ("application/proto", _envelope(report=b"\x42" + b"x" * 70_000)),
    ]
    for kind, body in sent:
        response, data = _post(
            standing.public, f"/{SERVICE}/SubmitReport", body, {"Content-Type": kind}
        )
        told = json.loads(data)
        assert (response.status, told["code"]) == (413, "invalid_argument")
        assert told["message"] == "request: more than 65536 bytes"
        assert "retry-after" not in response.headers


def _over_http(app: App, method: str, body: bytes, kind: str) -> Answer:
    response, data = _post(app.public, f"/{SERVICE}/{method}", body, {"Content-Type": kind})
    assert "access-control-allow-origin" not in response.headers
    if response.status == 200:
        assert response.headers["content-type"] == kind
        return Answer(OK, body=data)
    assert response.headers["content-type"] == "application/json"
    told = json.loads(data)
    code = grpc.StatusCode[told["code"].upper()]
    assert response.status == HTTP_STATUS[code]
    return Answer(code, told["message"], _fields(told["details"]))


def _fields(details: list[dict[str, Any]]) -> tuple[str, ...]:
    for detail in details:
        if detail["type"] == "google.rpc.BadRequest":
            value = b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4))
            bad = error_details_pb2.BadRequest.FromString(value)
            assert json_format.MessageToDict(bad) == detail["debug"]
            return tuple(violation.field for violation in bad.field_violations)
    return ()


def _over_grpc(app: App, method: str, body: bytes) -> Answer:
    with grpc.insecure_channel(str(app.grpc)) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"/{SERVICE}/{method}"
        )
        try:
            return Answer(OK, body=call(body, timeout=10))
        except grpc.RpcError as error:
            call_error = cast("grpc.Call", error)  # what it is besides
            status = rpc_status.from_call(call_error)
            fields: tuple[str, ...] = ()
            for detail in status.details if status else ():
                bad = error_details_pb2.BadRequest()
                if detail.Unpack(bad):
                    fields = tuple(violation.field for violation in bad.field_violations)
            return Answer(call_error.code(), call_error.details() or "", fields)


def _asked(app: App, door: str, condition: Condition) -> Answer:
    if door == "json":
        assert condition.json is not None
        body = condition.json.encode("utf-8", "surrogateescape")
        return _over_http(app, condition.method, body, "application/json")
    assert condition.proto is not None
    if door == "proto":
        return _over_http(app, condition.method, condition.proto, "application/proto")
    return _over_grpc(app, condition.method, condition.proto)


WALK = [
    pytest.param(door, condition, id=f"{door}: {condition.name}")
    for condition in CONDITIONS
    for door in ("grpc", "proto", "json")
    if (condition.json if door == "json" else condition.proto) is not None
]


@pytest.mark.parametrize(("door", "condition"), WALK)
def test_each_condition_is_answered_with_its_code_and_names_the_fields(
    standing: App, door: str, condition: Condition, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    answer = _asked(standing, door, condition)
    assert answer.code is condition.code, answer
    fields = condition.json_fields if door == "json" and condition.json_fields else condition.fields
    assert answer.fields == fields
    assert all(field in answer.message for field in fields)
    assert caplog.text == ""


@pytest.mark.parametrize("code", grpc.StatusCode)
def test_every_code_of_the_table_has_the_status_that_connect_gives_it(
    code: grpc.StatusCode,
) -> None:
    connect = {
        "INVALID_ARGUMENT": 400,
        "DEADLINE_EXCEEDED": 504,
        "NOT_FOUND": 404,
        "RESOURCE_EXHAUSTED": 429,
        "FAILED_PRECONDITION": 400,
        "UNIMPLEMENTED": 501,
        "INTERNAL": 500,
        "UNAVAILABLE": 503,
    }
    assert HTTP_STATUS.get(code) == connect.get(code.name)


def test_the_same_request_gets_the_very_same_answer_through_every_door(standing: App) -> None:
    report = HELLO + b"\x4a\x02\x08\x01"  # old, which is expired
    told = _json(report={**HELLO_JSON, "old": {"value": True}})
    over_grpc = _over_grpc(standing, "SubmitReport", _envelope(report=report))
    over_proto = _over_http(standing, "SubmitReport", _envelope(report=report), "application/proto")
    over_json = _over_http(standing, "SubmitReport", told.encode(), "application/json")
    assert over_grpc.body == over_proto.body
    parsed = json_format.Parse(over_json.body, wire.SubmitReportResponse())
    assert parsed == wire.SubmitReportResponse.FromString(over_grpc.body)
    assert over_json == _over_http(standing, "SubmitReport", told.encode(), "application/json")
    registry = _over_http(standing, "GetRegistry", b"", "application/proto").body
    as_json = _over_http(standing, "GetRegistry", b"{}", "application/json").body
    assert json_format.Parse(as_json, wire.GetRegistryResponse()) == (
        wire.GetRegistryResponse.FromString(registry)
    )


def test_an_infinite_number_is_left_out_and_named(standing: App) -> None:
    told = _json(
        token=b64encode(b"v" * 16).decode(),
        report={**HELLO_JSON, "nodes": {"value": "infinite"}, "webServer": {"value": "infinite"}},
    )
    body = told.replace('"infinite"', "1e999").encode()
    answer = _over_http(standing, "SubmitReport", body, "application/json")
    assert answer.code == OK, answer
    ignored = json_format.Parse(answer.body, wire.SubmitReportResponse()).ignored
    malformed = wire.IgnoredReason.IGNORED_REASON_MALFORMED
    assert {(each.key, each.reason) for each in ignored} == {
        ("nodes", malformed),
        ("web_server", malformed),
    }


def test_json_takes_a_report_as_far_as_it_is_understood_and_names_the_rest(standing: App) -> None:
    told = _json(
        token=b64encode(b"u" * 16).decode().rstrip("="),
        report={
            **HELLO_JSON,
            "phpVersion": {"value": "8.2.7"},
            "phpVersoin": {"value": "8.2"},
            "multisite": {"value": None},
            "webServer": {"value": "VALUE_FROM_LATER", "version": "2.4"},
            "languages": {"values": ["VALUE_DE", 99, "VALUE_FROM_LATER"]},
            "channel": {"value": "stable"},
            "nodes": {"value": "12", "unit": "pages"},
            "old": {"value": True},
            "modules": None,
            "\n": 1,
        },
    )
    answer = _over_http(standing, "SubmitReport", told.encode(), "application/json")
    told_back = json_format.Parse(answer.body, wire.SubmitReportResponse())
    assert [
        (i.key, i.number, wire.IgnoredReason.Name(i.reason).removeprefix("IGNORED_REASON_"))
        for i in told_back.ignored
    ] == [
        ("phpVersoin", 0, "UNKNOWN"),
        ("channel", 11, "MALFORMED"),
        ("nodes", 5, "MALFORMED"),
        (r"'\n'", 0, "UNKNOWN"),
        ("multisite", 3, "MALFORMED"),
        ("old", 9, "EXPIRED"),
    ]
    assert all(i.message for i in told_back.ignored)


def test_an_empty_list_is_a_message_without_members_as_php_writes_it(standing: App) -> None:
    told = _json(
        token=b64encode(b"p" * 16).decode(),
        report={**HELLO_JSON, "languages": [], "modules": ["views"]},
    )
    answer = _over_http(standing, "SubmitReport", told.encode(), "application/json")
    told_back = json_format.Parse(answer.body, wire.SubmitReportResponse())
    assert [ignored.key for ignored in told_back.ignored] == ["modules"]


def test_a_refused_week_comes_with_the_open_ones_in_a_header(
    running: App, at: Callable[[str], None]
) -> None:
    at("2026-11-17T12:00:00Z")
    response, data = _post(
        running.public,
        f"/{SERVICE}/SubmitReport",
        _envelope(week="2026-W45"),
        {"Content-Type": "application/proto"},
    )
    assert response.status == 400
    assert response.headers["headcount-open-weeks"] == "2026-W47,2026-W46"
    told = json.loads(data)
    assert told["code"] == "failed_precondition"
    (detail,) = told["details"]
    assert detail["type"] == "google.rpc.PreconditionFailure"
    assert [v["subject"] for v in detail["debug"]["violations"]] == ["2026-W47", "2026-W46"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "text/plain"}, 415, "unimplemented"),
        ({"Content-Type": "application/json; charset=latin-1"}, 415, "unimplemented"),
        ({}, 415, "unimplemented"),
        ({"Content-Type": "application/json; charset=UTF-8"}, 200, ""),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 501, "unimplemented"),
        ({"Content-Type": "application/json", "Content-Encoding": "identity"}, 200, ""),
        ({"Content-Type": "application/json", "Connect-Protocol-Version": "1"}, 200, ""),
        (
            {"Content-Type": "application/json", "Connect-Protocol-Version": "2"},
            400,
            "invalid_argument",
        ),
        ({"Content-Type": "application/json", "Connect-Timeout-Ms": "5000"}, 200, ""),
        ({"Content-Type": "application/json", "Connect-Timeout-Ms": "0"}, 504, "deadline_exceeded"),
        ({"Content-Type": "application/json", "Connect-Timeout-Ms": "-1"}, 400, "invalid_argument"),
    ],
    ids=str,
)
def test_headers_that_are_not_understood_are_refused_in_their_own_words(
    standing: App, headers: dict[str, str], status: int, code: str
) -> None:
    response, data = _post(standing.public, f"/{SERVICE}/GetRegistry", b"{}", headers)
    assert response.status == status
    if code:
        told = json.loads(data)
        assert told["code"] == code
        assert told["message"]
    if status == 415:
        assert response.headers["accept-post"] == "application/json, application/proto"


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", [f"/{SERVICE}/SubmitReport", "/post"])
def test_no_other_method_is_answered_so_that_no_page_of_another_site_may_send(
    standing: App, path: str, method: str
) -> None:
    connection = http.client.HTTPConnection(standing.public.host, standing.public.port, timeout=9)
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    connection.request(method, path, headers=asked)
    response = connection.getresponse()
    assert response.status == 405
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
    connection.close()
