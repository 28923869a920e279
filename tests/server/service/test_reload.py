"""SIGHUP: a new registry is taken under load, a broken one is refused and the old one kept."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from headcount.v1 import options_pb2
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.registry import schema as schemas
from headcount_server.registry.schema import Schema
from headcount_server.store.sqlite.store import SqliteStore
from support.server_process import ServerProcess
from support.waiting import until

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CLOSED = datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC)
SERVICE = "/headcount.v1.TelemetryService"


@pytest.fixture(name="wider")
def _wider(toy_registry: Path) -> bytes:
    """The toy registry with the key `extra`, number 12, and another digest."""
    files = descriptor_pb2.FileDescriptorSet.FromString(toy_registry.read_bytes())
    (file,) = [file for file in files.file if file.package.startswith("headcount.projects.")]
    extra = file.message_type.add(name="Extra")
    # protoc types extensions as field descriptors, which Extensions[] is not typed to take.
    options: Any = options_pb2
    key: Any = extra.options.Extensions[options.key]
    key.name, key.label, key.type = "extra", "Extra", options_pb2.KEY_TYPE_BOOLEAN
    extra.field.add(
        name="value", number=1, type=descriptor_pb2.FieldDescriptorProto.TYPE_BOOL, label=1
    )
    extra.field[0].proto3_optional, extra.field[0].oneof_index = True, 0
    extra.oneof_decl.add(name="_value")
    (report,) = [message for message in file.message_type if message.name == "Report"]
    report.field.add(
        name="extra",
        number=12,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
        label=1,
        type_name=f".{file.package}.Extra",
    )
    declared: Any = report.options.Extensions[options.project]
    declared.digest = "d2"
    return files.SerializeToString()


@pytest.fixture(name="server")
def _server(
    serve: Callable[..., ServerProcess], toy_registry: Path, tmp_path: Path
) -> ServerProcess:
    registry = tmp_path / "registry.binpb"
    registry.write_bytes(toy_registry.read_bytes())
    return serve(registry, "--threshold=1", clock=NOW)


def _replace(server: ServerProcess, content: bytes, expected: str) -> str:
    """Put a registry in place, send SIGHUP, and wait for what the log says of it."""
    before = len(server.errors())
    new = server.registry.with_suffix(".new")
    new.write_bytes(content)
    new.replace(server.registry)
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    until(lambda: expected in server.errors()[before:], told=server.errors)
    return server.errors()[before:]


def _request(schema: Schema, **keys: object) -> bytes:
    request = wire.SubmitReportRequest(week="2026-W47", token=os.urandom(16))
    request.report.Pack(schema.projects["toy"].report_class(**keys))
    return request.SerializeToString()


def _submit(server: ServerProcess, request: bytes) -> wire.SubmitReportResponse:
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"{SERVICE}/SubmitReport"
        )
        return wire.SubmitReportResponse.FromString(call(request, timeout=10))


def _reflected(server: ServerProcess, symbol: str) -> bool:
    def ask() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol)

    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (answer,) = stub.ServerReflectionInfo(ask(), timeout=10)
    return bool(answer.HasField("file_descriptor_response"))


def test_a_new_key_is_counted_and_reflected_from_the_reload_on(
    server: ServerProcess, wider: bytes
) -> None:
    report = _request(schemas.parse(wider), extra={"value": True}, multisite={"value": True})
    before = _submit(server, report)
    assert [ignored.number for ignored in before.ignored] == [12]
    assert not _reflected(server, "headcount.projects.toy.v1.Extra")
    said = _replace(server, wider, "the registry was read again")
    assert json.loads(said.splitlines()[-1])["level"] == "info"
    after = _submit(server, _request(schemas.parse(wider), extra={"value": True}))
    assert not after.ignored
    assert _reflected(server, "headcount.projects.toy.v1.Extra")
    server.set_clock(CLOSED)
    text = server.wait_for_metric("headcount_toy_reports 2.0")
    assert 'headcount_toy_extra_reports{value="true"} 1.0' in text


def test_the_week_lists_every_registry_that_it_was_tallied_under(
    server: ServerProcess, wider: bytes
) -> None:
    _submit(server, _request(schemas.parse(wider), multisite={"value": True}))
    _replace(server, wider, "the registry was read again")
    server.set_clock(CLOSED)
    server.wait_for_metric("headcount_toy_reports 1.0")
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"{SERVICE}/GetStatistics"
        )
        answer = wire.GetStatisticsResponse.FromString(call(b"", timeout=10))
    assert list(answer.weeks[0].projects[0].registry_digests) == ["d1", "d2"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nonsense", "not a usable descriptor set"),
        (b"", "the descriptor set declares no project"),
    ],
)
def test_a_broken_registry_is_refused_with_the_reason_and_the_old_one_kept(
    server: ServerProcess, toy_schema: Schema, content: bytes, reason: str
) -> None:
    said = json.loads(_replace(server, content, "the registry in force is kept").splitlines()[-1])
    assert said["level"] == "error"
    assert reason in said["message"]
    assert "headcount-registry build" in said["message"]
    assert not _submit(server, _request(toy_schema, multisite={"value": True})).ignored
    assert _reflected(server, "headcount.projects.toy.v1.Report")


def test_a_registry_that_open_weeks_cannot_note_is_refused(
    config: Config, clock_file: Path, wider: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with App(config, FileClock(clock_file)) as app:
        registry = tmp_path / "wider.binpb"
        registry.write_bytes(wider)
        app._config = Config(registry=registry, database=config.database)
        store = app.weeks._store
        assert isinstance(store, SqliteStore)
        app.weeks._writer.run(lambda: store._connection.execute("PRAGMA query_only=ON").close())
        app.reload()
        assert "the registry in force is kept: the week cannot be opened" in caplog.text
        assert 12 not in app.weeks._registry.schema.projects["toy"].keys
        app.weeks._writer.run(lambda: store._connection.execute("PRAGMA query_only=OFF").close())
        app.reload()
        assert 12 in app.weeks._registry.schema.projects["toy"].keys


def test_a_signal_is_heard_whatever_the_server_is_at_and_whichever_thread_it_comes_to(
    tmp_path: Path, toy_registry: Path
) -> None:
    """Libraries start threads as they are imported, which know nothing of our signals."""
    program = tmp_path / "program"
    program.write_text(
        f"#!{sys.executable}\nimport threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "from headcount_server.cli import main\nmain()\n",
        encoding="utf-8",
    )
    program.chmod(0o700)
    registry = tmp_path / "registry.binpb"
    registry.write_bytes(toy_registry.read_bytes())
    server = ServerProcess(registry, tmp_path, NOW, program=program)
    server.start()
    assert server.process is not None
    try:
        registry.unlink()
        os.mkfifo(registry)  # at which a reload stands still
        server.process.send_signal(signal.SIGHUP)
        writing = until(lambda: _read_by_somebody(registry))
        server.process.send_signal(signal.SIGHUP)
        registry.unlink()
        os.close(writing)
        until(lambda: server.errors().count("the registry in force is kept") == 2)
        assert server.stop() == 0
    finally:
        server.kill()


def _read_by_somebody(fifo: Path) -> int | None:
    """A descriptor to write to a FIFO, if anybody reads from it."""
    with suppress(OSError):
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    return None


def test_reloads_under_load_lose_no_count_and_fail_no_call(
    server: ServerProcess, toy_registry: Path, wider: bytes
) -> None:
    narrow, wide = schemas.load(toy_registry), schemas.parse(wider)
    sent = [0, 0, 0, 0]
    failed: list[str] = []
    done = threading.Event()

    def send(sender: int, schema: Schema) -> None:
        with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                f"{SERVICE}/SubmitReport"
            )
            while not done.is_set():
                keys: dict[str, object] = {"multisite": {"value": True}}
                if schema is wide:
                    keys["extra"] = {"value": True}
                try:
                    call(_request(schema, **keys), timeout=20)
                except grpc.RpcError as error:
                    failed.append(str(error))
                else:
                    sent[sender] += 1

    senders = [
        threading.Thread(daemon=True, target=send, args=each)
        for each in enumerate((narrow, wide, narrow, wide))
    ]
    for sender in senders:
        sender.start()
    for round_ in range(5):
        _replace(server, wider, "the registry was read again")
        _replace(server, b"broken", "the registry in force is kept")
        _replace(server, toy_registry.read_bytes(), "the registry was read again")
        until(lambda: bool(failed) or min(sent) > 3 * round_, told=lambda: sent)  # noqa: B023 - at once
    done.set()
    for sender in senders:
        sender.join()
    assert not failed
    assert min(sent) > 10
    server.set_clock(CLOSED + timedelta(seconds=1))
    text = server.wait_for_metric(f"headcount_toy_reports {float(sum(sent))}")
    assert f"headcount_toy_multisite_answers {float(sum(sent))}" in text
    with closing(sqlite3.connect(server.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
