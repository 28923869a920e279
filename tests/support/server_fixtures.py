"""A toy registry with a key of every type, compiled by the real protoc, and a server of it.

`running` is a whole server on free ports. Its clock shows Thursday of 2026-W47 until `at`
sets it.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_tools import protoc
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.app import App
from headcount_server.clock import FileClock
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.registry import schema
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.postgres.database import PostgresDatabase
from headcount_server.store.postgres.url import PostgresUrl
from headcount_server.store.sqlite.database import SqliteDatabase

from support.repository import ROOT
from support.store_place import Place

TOY = "headcount/projects/toy/v1/report.proto"
ANY_PORT = Address("127.0.0.1", 0)


@pytest.fixture(scope="session", name="toy_registry")
def _toy_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("registry") / "registry.binpb"
    arguments = [
        "protoc",
        f"-I{ROOT / 'tests' / 'server' / 'proto'}",
        f"-I{ROOT / 'proto'}",
        f"-I{resources.files('grpc_tools') / '_proto'}",
        "--include_imports",
        f"--descriptor_set_out={out}",
        TOY,
    ]
    assert protoc.main(arguments) == 0
    return out


@pytest.fixture(scope="session", name="toy_schema")
def _toy_schema(toy_registry: Path) -> Schema:
    return schema.load(toy_registry)


@pytest.fixture(scope="session", name="toy")
def _toy(toy_schema: Schema) -> Project:
    return toy_schema.projects["toy"]


@pytest.fixture(name="said")
def _said(toy: Project) -> Callable[..., bytes]:
    """The serialized toy report of these keys, each given as the fields of its message."""

    def said(**keys: dict[str, Any]) -> bytes:
        report = toy.report_class(**keys)
        return report.SerializeToString()

    return said


@pytest.fixture(name="place", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def _place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return Place(SqliteDatabase(tmp_path / "headcount.db"))
    url: PostgresUrl = request.getfixturevalue("emptied_url")
    return Place(PostgresDatabase(url))


@pytest.fixture(name="clock_file")
def _clock_file(tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    path.write_text("2026-11-19T12:00:00Z", encoding="ascii")
    return path


@pytest.fixture(name="config")
def _config(toy_registry: Path, tmp_path: Path) -> Config:
    return Config(
        registry=toy_registry,
        database=SqliteDatabase(tmp_path / "headcount.db"),
        grpc=ANY_PORT,
        public=ANY_PORT,
        operations=ANY_PORT,
    )


@pytest.fixture(name="running")
def _running(config: Config, clock_file: Path) -> Iterator[App]:
    with App(config, FileClock(clock_file)) as app:
        yield app


@pytest.fixture(name="at")
def _at(running: App, clock_file: Path) -> Callable[[str], None]:
    """Set the server's clock, and let weeks open and close by it."""

    def at(moment: str) -> None:
        clock_file.write_text(moment, encoding="ascii")
        running.weeks.advance()

    return at


@pytest.fixture(name="channel")
def _channel(running: App) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(str(running.grpc)) as channel:
        yield channel


@pytest.fixture(name="call")
def _call(channel: grpc.Channel) -> Callable[[str, bytes], bytes]:
    """Call a method with bytes, and return the bytes of its answer."""

    def call(method: str, request: bytes) -> bytes:
        path = f"/headcount.v1.TelemetryService/{method}"
        method_call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        return method_call(request, timeout=20)

    return call


@pytest.fixture(name="submit")
def _submit(call: Callable[[str, bytes], bytes]) -> Callable[..., wire.SubmitReportResponse]:
    """Submit a toy report under a token made from a number."""

    def submit(report: bytes, number: int, week: str = "2026-W47") -> wire.SubmitReportResponse:
        request = wire.SubmitReportRequest(week=week, token=number.to_bytes(16))
        request.report.type_url = "type.googleapis.com/headcount.projects.toy.v1.Report"
        request.report.value = report
        return wire.SubmitReportResponse.FromString(
            call("SubmitReport", request.SerializeToString())
        )

    return submit


@pytest.fixture(name="fetch")
def _fetch() -> Callable[..., tuple[str, str]]:
    """The content type and body of `/metrics` on an address."""

    def fetch(address: Address, accept: str = "text/plain") -> tuple[str, str]:
        request = urllib.request.Request(f"http://{address}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own address
            return response.headers["content-type"], response.read().decode()

    return fetch
