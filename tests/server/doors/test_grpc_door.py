"""The gRPC door: what it adds to the walk of `test_doors`, and what else is on the port."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.counting import answers as answers_module
from headcount_server.doors.address import Address
from headcount_server.errors import ConfigError
from headcount_server.store import writer as writer_module
from headcount_server.store.sqlite.database import SqliteDatabase
from headcount_server.store.writer import Writer
from support.held_writer import held_up
from support.store_files import file_of
from support.waiting import until

Call = Callable[[str, bytes], bytes]
Submit = Callable[..., wire.SubmitReportResponse]
Said = Callable[..., bytes]

Detail = TypeVar("Detail", bound=Message)

TYPE_URL = "type.googleapis.com/headcount.projects.toy.v1.Report"
HELLO = b"\x42\x07\x0a\x05hello"  # note { value: "hello" }
SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


MANY_UNKNOWN = b"".join(_varint(n << 3) + b"\0" for n in range(1000, 5000))


def _envelope(
    *, week: str = "2026-W47", token: bytes = b"t" * 16, url: str = TYPE_URL, report: bytes = HELLO
) -> bytes:
    request = wire.SubmitReportRequest(week=week, token=token)
    request.report.type_url = url
    request.report.value = report
    return request.SerializeToString()


INVALID = grpc.StatusCode.INVALID_ARGUMENT


def _status(error: grpc.RpcError) -> status_pb2.Status:
    """The status in the trailers, which says the same as the call itself."""
    status = rpc_status.from_call(cast("grpc.Call", error))  # what it is besides
    assert status is not None
    assert status.message == error.details()
    return status


def _detail(error: grpc.RpcError, into: Detail) -> Detail:
    (detail,) = _status(error).details
    assert detail.Unpack(into)
    return into


@pytest.fixture(scope="module", name="standing")
def _standing(
    toy_registry: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[grpc.Channel]:
    """A channel to one server for all tests that leave it as they find it."""
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
    with App(config, FileClock(clock)) as app, grpc.insecure_channel(str(app.grpc)) as channel:
        yield channel


def test_ten_violations_are_named_and_the_others_counted(call: Call) -> None:
    with pytest.raises(grpc.RpcError, match=re.escape("; and 90 more")):
        call("SubmitReport", _envelope(report=MANY_UNKNOWN))


def test_what_is_left_out_is_named_with_its_reason(submit: Submit, said: Said) -> None:
    report = said(note={"value": "x" * 65}, multisite={"value": True}, old={"value": True})
    answer = submit(report + b"\xf2\x01\x00", 1)
    assert answer.week == "2026-W47"
    assert [(i.key, i.number, wire.IgnoredReason.Name(i.reason)) for i in answer.ignored] == [
        ("", 30, "IGNORED_REASON_UNKNOWN"),
        ("note", 8, "IGNORED_REASON_OUT_OF_BOUNDS"),
        ("old", 9, "IGNORED_REASON_EXPIRED"),
    ]
    assert answer.ignored[1].message == "note.value: 65 characters, at most 64"


def _counted(config: Config) -> int:
    with closing(sqlite3.connect(f"{file_of(config).as_uri()}?mode=ro", uri=True)) as reader:
        total = reader.execute("SELECT coalesce(sum(reports), 0) FROM open_reports").fetchone()[0]
        return int(total)


def test_a_duplicate_gets_the_very_same_answer_to_the_last_byte(
    channel: grpc.Channel, config: Config
) -> None:
    submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SUBMIT)
    request = _envelope(report=HELLO + b"\xf2\x01\x00")
    looks = []
    for _ in range(3):
        answer, done = submit.with_call(request, timeout=10)
        looks.append((answer, done.code(), done.details(), done.trailing_metadata()))
    assert looks[0] == looks[1] == looks[2]
    assert _counted(config) == 1


def test_a_duplicate_in_another_open_week_is_answered_like_a_first_report(
    at: Callable[[str], None], submit: Submit, config: Config
) -> None:
    at("2026-11-17T12:00:00Z")
    first = submit(HELLO, 1, "2026-W46")
    again = submit(HELLO, 1, "2026-W47")
    other = submit(HELLO, 2, "2026-W47")
    assert (first.week, again) == ("2026-W46", other)
    assert _counted(config) == 2


def test_a_refused_week_comes_with_the_open_ones_the_current_one_first(
    at: Callable[[str], None], call: Call
) -> None:
    at("2026-11-17T12:00:00Z")
    with pytest.raises(grpc.RpcError) as caught:
        call("SubmitReport", _envelope(week="2026-W45"))
    error = caught.value
    metadata = {str(item.key): str(item.value) for item in error.trailing_metadata()}
    assert metadata["headcount-open-weeks"] == "2026-W47,2026-W46"
    failure = _detail(error, error_details_pb2.PreconditionFailure())
    assert [violation.subject for violation in failure.violations] == ["2026-W47", "2026-W46"]


@pytest.fixture(name="blocked")
def _blocked(running: App) -> Iterator[Writer]:
    """The server's writer, held up until the test is over."""
    with held_up(running.weeks._writer):
        yield running.weeks._writer


def test_a_full_queue_is_answered_at_once_with_a_delay_of_hours(
    blocked: Writer, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blocked.waiting() == 0
    monkeypatch.setattr(writer_module, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(writer_module, "QUEUE_LIMIT", 1)
    with pytest.raises(grpc.RpcError) as waiting:
        call("SubmitReport", _envelope())
    assert waiting.value.code() is grpc.StatusCode.UNAVAILABLE
    with pytest.raises(grpc.RpcError) as caught:
        call("SubmitReport", _envelope(token=b"u" * 16))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    retry = _detail(caught.value, error_details_pb2.RetryInfo())
    assert retry.retry_delay.seconds >= 3600


def test_a_store_that_cannot_be_written_is_unavailable_and_says_no_more(
    running: App, call: Call, config: Config
) -> None:
    trigger = (
        "CREATE TRIGGER full BEFORE INSERT ON open_reports BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    store: Any = running.weeks._store
    running.weeks._writer.run(lambda: store._connection.execute(trigger).close())
    with pytest.raises(grpc.RpcError) as caught:
        call("SubmitReport", _envelope())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert caught.value.details() == "the totals cannot be written"
    running.weeks._writer.run(lambda: store._connection.execute("DROP TRIGGER full").close())
    call("SubmitReport", _envelope())
    assert _counted(config) == 1


def test_a_fault_of_ours_is_internal_and_neither_caller_nor_log_sees_what_was_sent(
    call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_project: object, report: bytes, _today: object) -> None:
        raise RuntimeError(report)

    monkeypatch.setattr(answers_module, "read", fail)
    with pytest.raises(grpc.RpcError) as caught:
        call("SubmitReport", _envelope())
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "hello" not in str(caught.value.details())
    assert "RuntimeError" in caplog.text
    assert "test_grpc_door.py" in caplog.text
    assert "hello" not in caplog.text


def test_compressed_requests_are_refused(standing: grpc.Channel) -> None:
    submit: grpc.UnaryUnaryMultiCallable[bytes, bytes] = standing.unary_unary(SUBMIT)
    with pytest.raises(grpc.RpcError) as caught:
        submit(_envelope(report=HELLO * 100), timeout=10, compression=grpc.Compression.Gzip)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_request_of_nearly_64_kib_is_read(call: Call) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call("SubmitReport", _envelope(report=b"\x42" + b"x" * 65_300))
    assert caught.value.code() is INVALID


def test_health_is_serving_for_the_server_and_the_service(standing: grpc.Channel) -> None:
    check = standing.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    for service in ("", "headcount.v1.TelemetryService"):
        answer = check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_health_says_not_serving_while_the_server_ends(config: Config, clock_file: Path) -> None:
    with App(config, FileClock(clock_file)) as app, grpc.insecure_channel(str(app.grpc)) as channel:
        call = channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        watch = call(health_pb2.HealthCheckRequest(), timeout=20)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        stopping = threading.Thread(daemon=True, target=app._running.close)
        stopping.start()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch.cancel()
        stopping.join(10)
        assert not stopping.is_alive()


REFLECTIONS = ["grpc.reflection.v1", "grpc.reflection.v1alpha"]


def _reflect(
    channel: grpc.Channel, package: str, **ask: str
) -> reflection_pb2.ServerReflectionResponse:
    info = channel.stream_stream(
        f"/{package}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    request = reflection_pb2.ServerReflectionRequest(**ask)  # type: ignore[arg-type] # one of its texts
    (answer,) = info(iter([request]), timeout=10)
    return answer


@pytest.mark.parametrize("package", REFLECTIONS)
def test_reflection_lists_every_service(standing: grpc.Channel, package: str) -> None:
    answer = _reflect(standing, package, list_services="")
    assert {service.name for service in answer.list_services_response.service} == {
        "headcount.v1.TelemetryService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    }


@pytest.mark.parametrize("package", REFLECTIONS)
@pytest.mark.parametrize(
    "symbol",
    [
        "headcount.v1.TelemetryService",
        "headcount.projects.toy.v1.Report",
        "headcount.projects.toy.v1.WebServer",
        "google.rpc.BadRequest",
        "google.rpc.PreconditionFailure",
        "google.rpc.RetryInfo",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ],
)
def test_reflection_resolves_what_is_needed_to_type_a_report_and_read_an_error(
    standing: grpc.Channel, package: str, symbol: str
) -> None:
    answer = _reflect(standing, package, file_containing_symbol=symbol)
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(file)
        for file in answer.file_descriptor_response.file_descriptor_proto
    ]
    name, found = symbol.rpartition(".")[2], False
    for file in files:
        found |= name in {m.name for m in file.message_type} | {s.name for s in file.service}
    assert found
    known = {file.name for file in files}
    for dependency in files[0].dependency:
        if dependency not in known:
            more = _reflect(standing, package, file_by_filename=dependency)
            assert more.file_descriptor_response.file_descriptor_proto


def test_reflection_streams_that_stay_open_hold_nobody_else_up(
    running: App, channel: grpc.Channel
) -> None:
    done = threading.Event()

    def nothing() -> Iterator[bytes]:
        done.wait(20)
        yield from ()

    with grpc.insecure_channel(
        str(running.grpc), options=[("grpc.use_local_subchannel_pool", 1)]
    ) as greedy:
        method = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
        info: grpc.StreamStreamMultiCallable[bytes, bytes] = greedy.stream_stream(method)
        streams = [info(nothing(), timeout=20) for _ in range(31)]
        registry = "/headcount.v1.TelemetryService/GetRegistry"
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(registry)
        assert call(b"", timeout=5)
        with pytest.raises(grpc.RpcError) as caught:
            next(streams[-1])
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for stream in streams:
            stream.cancel()
        done.set()

    def listed() -> bool:
        try:
            answer = _reflect(channel, REFLECTIONS[0], list_services="")
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, error  # noqa: PT017
            return False
        assert answer.list_services_response.service
        return True

    until(listed)  # the server hears of the cancelled streams in its own time


def test_a_port_that_is_taken_is_refused_by_the_name_of_its_flag(
    running: App, config: Config, clock_file: Path, tmp_path: Path
) -> None:
    for flag in ("grpc", "public", "operations"):
        taken = {"database": SqliteDatabase(tmp_path / "second.db"), flag: getattr(running, flag)}
        second = App(replace(config, **taken), FileClock(clock_file))
        with pytest.raises(ConfigError, match=rf"--{flag} .*is the port taken\?"), second:
            pass
