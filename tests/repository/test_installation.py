"""What a host gets when it installs the client."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.doors import http_door
from support.repository import ROOT

pytestmark = pytest.mark.index


COMPOSE = """
import hashlib, sys
import google.protobuf
from headcount.reporting.collectors import collect
from headcount.reporting.report import compose
from headcount.v1 import options_pb2, telemetry_service_pb2
from backdrop_telemetry import PROJECT
from sample_answers import ANSWERS

class Site:
    def __getattr__(self, name):
        return lambda: ANSWERS.get(next(k.type for k in PROJECT.keys if k.name == name))

names = tuple(key.name for key in PROJECT.keys)
report = compose(PROJECT, collect(PROJECT, Site(), names).answers, week="2026-W47", asked=names)
request = telemetry_service_pb2.SubmitReportRequest(week="2026-W47")
request.report.value = report.data
print(google.protobuf.__version__, len(report.values), report.digest)
"""
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
ANSWERS = """
ANSWERS = {
    "boolean": True, "choice": "Linux", "version": "8.2.7", "product": ("MariaDB", "10.11.6"),
    "count": 250, "list": ["views", "webform"], "text": "text",
}
"""


SEND = """
import sys, time
sys.path.insert(0, {clients!r})
from backdrop_telemetry import Collectors, Telemetry

class Backdrop(Collectors):
    def php_version(self):
        return "8.2.7"

telemetry = Telemetry(Backdrop(), state_directory="state", environment={{}},
    clock=lambda: time.time(), endpoint=sys.argv[1])
telemetry.grant()
print(telemetry.send_now(), telemetry.status().obstacle)
"""


def _installed(place: Path, wanted: str) -> tuple[Path, set[str]]:
    """A fresh environment's Python, and the names of what pip brought there."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    pip = (python, *PIP[1:])
    subprocess.run([*pip, "install", "--quiet", wanted], check=True)
    listed = subprocess.run(
        [*pip, "list", "--format=json"], check=True, capture_output=True, text=True
    )
    names = {package["name"].replace("_", "-") for package in json.loads(listed.stdout)}
    return python, names - {"pip", "setuptools"}


def _megabytes(python: Path, *packages: str) -> float:
    """What packages take on disk, the compiled files included."""
    (place,) = (python.parents[1] / "lib").glob("python*/site-packages")
    files = [file for name in packages for file in (place / name).rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def test_a_bare_install_brings_protobuf_alone_and_sends_over_http(tmp_path: Path) -> None:
    python, names = _installed(tmp_path / "venv", str(ROOT))
    assert names == {"headcount", "protobuf"}
    assert _megabytes(python, "headcount", "google") < 5
    program = SEND.format(clients=str(ROOT / "registry" / "generated" / "clients"))

    def run(endpoint: str) -> str:
        return subprocess.run(
            [python, "-W", "error", "-I", "-c", program, endpoint],
            check=True, capture_output=True, text=True, cwd=tmp_path,
        ).stdout  # fmt: skip

    with http_door() as door:
        assert run(f"http://127.0.0.1:{door.port}") == "SENT \n"
    assert len(door.requests) == 1
    shutil.rmtree(tmp_path / "state")
    assert run("grpcs://telemetry.example").startswith(
        "DROPPED grpcs://telemetry.example needs grpcio, which is not installed: "
        "install 'headcount[grpc]'"
    )


def test_the_extra_brings_grpcio_and_what_it_requires(tmp_path: Path) -> None:
    python, names = _installed(tmp_path / "venv", f"{ROOT}[grpc]")
    assert names == {"headcount", "grpcio", "protobuf", "typing-extensions"}
    assert _megabytes(python, "grpc") > 10  # else the sizes in docs/embedding.md are old
    program = "from headcount.transport.connect import opened; opened('grpcs://telemetry.example')"
    subprocess.run([python, "-W", "error", "-I", "-c", program], check=True, cwd=tmp_path)


@pytest.mark.parametrize("runtime", ["upb", "python"])
def test_generated_code_loads_and_reports_alike_under_every_protobuf(
    tmp_path: Path, runtime: str
) -> None:
    versions = ["==5.26.1", ">=5.29,<5.30", ">=6,<7", ">=7,<8"]
    (tmp_path / "sample_answers.py").write_text(ANSWERS, encoding="utf-8")
    reports = [_report_under(tmp_path, version, runtime) for version in versions]
    assert [version.partition(".")[0] for version, _, _ in reports] == ["5", "5", "6", "7"]
    assert len({digest for _, _, digest in reports}) == 1
    assert int(reports[0][1]) > 20, "the report has to hold something"


def _report_under(directory: Path, version: str, runtime: str) -> list[str]:
    target = directory / f"protobuf{version}"
    subprocess.run(
        [*PIP, "install", "--quiet", "--no-deps", "--target", target, f"protobuf{version}"],
        check=True,
    )
    paths = [target, ROOT / "client", ROOT / "registry" / "generated" / "clients", directory]
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", COMPOSE],
        env={
            "PYTHONPATH": ":".join(map(str, paths)),
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": runtime,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
