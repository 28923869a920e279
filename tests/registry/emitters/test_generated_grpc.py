"""Generated clients report over the oldest and over the newest gRPC that is promised."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.repository import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
HOST = """
import json, sys
from concurrent import futures
import google.protobuf, grpc
from bee_telemetry import Collectors, Telemetry
from headcount.v1 import telemetry_service_pb2 as wire

class Bee(Collectors):
    def php_version(self): return "8.2.7"
    def multisite(self): return True
    def operating_system(self): return "Darwin"

class Service(grpc.GenericRpcHandler):
    received = []

    def service(self, details):
        def submit(request, context):
            self.received.append((details.method, request))
            return wire.SubmitReportResponse()
        return grpc.unary_unary_rpc_method_handler(
            submit,
            request_deserializer=wire.SubmitReportRequest.FromString,
            response_serializer=wire.SubmitReportResponse.SerializeToString,
        )

service = Service()
server = grpc.server(futures.ThreadPoolExecutor(1))
server.add_generic_rpc_handlers((service,))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
bee = Telemetry(Bee(), state_directory=sys.argv[1], endpoint=f"grpc://127.0.0.1:{port}",
                environment={})
bee.grant(via="test")
previewed = bee.preview().digest
outcome = str(bee.send_now())
server.stop(None).wait()
(method, request), = service.received
print(json.dumps({
    "grpc": grpc.__version__, "protobuf": google.protobuf.__version__, "outcome": outcome,
    "method": method, "type": request.report.type_url, "report": request.report.value.hex(),
    "previewed": previewed,
}))
"""


def promised(package: str) -> str:
    """The oldest version that the client promises to work with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = [*project["dependencies"], *project["optional-dependencies"]["grpc"]]
    (wanted,) = (each for each in stated if each.startswith(package))
    oldest = re.search(r">=([\d.]+)", wanted)
    assert oldest
    return oldest[1]


def reported(directory: Path, *packages: Path, runtime: str = "upb") -> dict[str, str]:
    """What a host with these packages sent to a server of its own."""
    paths = (*packages, ROOT / "client", ROOT / "registry" / "generated" / "clients")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HOST, directory / "state"],
        env={
            "PYTHONPATH": ":".join(map(str, paths)),
            "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": runtime,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


@pytest.mark.index
@pytest.mark.parametrize("runtime", ["upb", "python"])
def test_a_report_leaves_alike_over_the_oldest_and_the_newest_grpc(
    tmp_path: Path, runtime: str
) -> None:
    oldest = {name: promised(name) for name in ("grpcio", "protobuf")}
    target = tmp_path / "oldest"
    subprocess.run(
        [
            *(*PIP, "install", "--quiet", "--no-deps", "--target", target),
            *(f"{name}=={version}" for name, version in oldest.items()),
        ],
        check=True,
    )
    old = reported(tmp_path / "a", target, runtime=runtime)
    new = reported(tmp_path / "b")
    assert (old.pop("grpc"), old.pop("protobuf")) == (oldest["grpcio"], oldest["protobuf"])
    assert new.pop("grpc") != oldest["grpcio"]
    assert new.pop("protobuf") != oldest["protobuf"]
    assert old == new
    assert old["outcome"] == "SENT"
    assert old["method"] == "/headcount.v1.TelemetryService/SubmitReport"
    assert old["type"] == "type.googleapis.com/headcount.projects.bee.v1.Report"
    # Number 3, the operating system, holds 3, macOS; number 4 holds 8.2.
    assert "1a020803" in old["report"]
    assert b"8.2".hex() in old["report"]
