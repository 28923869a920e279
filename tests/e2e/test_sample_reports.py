"""Sample reports of a registry: a real server takes each, at both doors, and leaves nothing out."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import grpc
import pytest
from headcount.v1.telemetry_service_pb2 import SubmitReportRequest, SubmitReportResponse
from support import shop
from support.repository import REGISTRY
from support.server_process import BIN, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SUBMIT = "headcount.v1.TelemetryService/SubmitReport"
THURSDAY = datetime(2026, 11, 19, 12, tzinfo=UTC)
REPORTS = 30


def emitted(registry: Path, project: str, *more: str) -> bytes:
    return subprocess.run(
        [
            *(BIN / "headcount-registry", "emit", registry, "--project", project),
            *("--count", str(REPORTS), "--today", "2026-11-19", *more),
        ],
        check=True,
        capture_output=True,
    ).stdout


def delimited(data: bytes) -> list[bytes]:
    """The messages of a stream, each after its length as a varint."""
    found, place = [], 0
    while place < len(data):
        length = shift = 0
        while True:
            byte = data[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append(data[place : place + length])
        place += length
    return found


@pytest.fixture(name="own", scope="module")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a key of every type, whose texts look like syntax."""
    place = tmp_path_factory.mktemp("own")
    source = shop.write(place / "shop")
    subprocess.run(
        [BIN / "headcount-registry", "build", source, "--out", place / "out"],
        check=True,
        capture_output=True,
    )
    return place / "out" / "registry.binpb"


@pytest.fixture(name="registry", scope="module", params=["shop", "backdrop", "bee"])
def _registry(request: pytest.FixtureRequest, own: Path) -> tuple[Path, str]:
    return (own if request.param == "shop" else REGISTRY), request.param


@pytest.fixture(name="server")
def _server(registry: tuple[Path, str], tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(registry[0], tmp_path, THURSDAY)
    server.start()
    yield server
    server.stop()


def test_a_server_counts_each_report_as_json(
    registry: tuple[Path, str], server: ServerProcess
) -> None:
    lines = emitted(*registry, "--week", "2026-W47").splitlines()
    assert len(set(lines)) == REPORTS
    for line in lines:
        call = urllib.request.Request(
            f"http://{server.addresses['public']}/{SUBMIT}",
            line,
            {"Content-Type": "application/json", "Connect-Protocol-Version": "1"},
        )
        with urllib.request.urlopen(call, timeout=10) as response:  # noqa: S310 - loopback
            assert json.load(response) == {"week": "2026-W47"}


def test_a_server_counts_each_report_over_grpc(
    registry: tuple[Path, str], server: ServerProcess
) -> None:
    stream = emitted(*registry, "--week", "2026-W47", "--format", "delimited")
    with grpc.insecure_channel(server.addresses["gRPC"]) as channel:
        submit = channel.unary_unary(
            f"/{SUBMIT}",
            request_serializer=lambda data: data,
            response_deserializer=SubmitReportResponse.FromString,
        )
        calls = delimited(stream)
        assert len({SubmitReportRequest.FromString(each).token for each in calls}) == REPORTS
        for each in calls:
            assert submit(each, timeout=10) == SubmitReportResponse(week="2026-W47")


def test_json_is_what_another_program_makes_of_the_binary_form(
    registry: tuple[Path, str], tmp_path: Path
) -> None:
    file, project = registry
    lines = emitted(file, project).splitlines()
    emitted(file, project, "--format", "binary", "--out", str(tmp_path / "reports"))
    binary = sorted((tmp_path / "reports").iterdir())
    assert [path.name for path in binary[:2]] == ["000001.binpb", "000002.binpb"]
    assert [path.read_bytes() for path in binary] == delimited(
        emitted(file, project, "--format", "delimited")
    )
    for line, path in list(zip(lines, binary, strict=True))[:3]:
        converted = subprocess.run(
            [
                *(BIN / "buf", "convert", f"{file}#format=binpb"),
                f"--type=headcount.projects.{project}.v1.Report",
                *(f"--from={path}#format=binpb", "--to=-#format=json"),
            ],
            check=True,
            capture_output=True,
        )
        assert json.loads(converted.stdout) == json.loads(line)
