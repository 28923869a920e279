"""Where greenlets stand in for threads, no call holds the others up."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from socket import create_server
from typing import TYPE_CHECKING

import grpc
import pytest
from headcount.transport.messages import SUBMIT_REPORT
from headcount.v1.telemetry_service_pb2 import SubmitReportResponse
from support.doors import http_door

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.heavy

PATCHED = {
    "gevent": "from gevent.monkey import patch_all; patch_all()",
    "eventlet": """
import warnings
warnings.simplefilter("ignore")  # it says that it is old
from eventlet import monkey_patch; monkey_patch()""",
}
PROGRAM = """
import sys, threading, time
sys.path[:] = {path!r}
from headcount.transport.connect import opened
from headcount.transport.messages import Request

looks = []
def look():
    while True:
        looks.append(time.monotonic())
        time.sleep(0.02)
threading.Thread(target=look, daemon=True).start()
transport = opened(sys.argv[1])
request = Request(week="2026-W47", token=b"t" * 16, registry_digest="", project="p", report=b"")
time.sleep(0.1)
begin = time.monotonic()
answer = transport.submit(request, float(sys.argv[2]))
end = time.monotonic()
moments = [moment for moment in looks if begin <= moment <= end]
print(answer.code, end - begin, max(b - a for a, b in zip([begin, *moments], [*moments, end])))
"""


# eventlet puts a `sleep` of its own in the place of the one of other days; see tests/other_days.
REAL_TIME = {
    name: value for name, value in os.environ.items() if name not in {"LD_PRELOAD", "PYTHONPATH"}
}


def _submitted(kind: str, endpoint: str, seconds: float, place: Path) -> tuple[str, float, float]:
    """Code, seconds, and the longest that another greenlet had to wait."""
    program = PATCHED[kind] + PROGRAM.format(path=sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program, endpoint, str(seconds)],
        cwd=place, capture_output=True, text=True, check=True, timeout=90, env=REAL_TIME,
    )  # fmt: skip
    code, took, pause = done.stdout.split()
    return code, float(took), float(pause)


@pytest.mark.parametrize("scheme", ["grpc", "http"])
@pytest.mark.parametrize("kind", PATCHED)
def test_a_server_that_hangs_holds_no_other_greenlet_up(
    kind: str, scheme: str, tmp_path: Path
) -> None:
    with create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        code, took, pause = _submitted(kind, endpoint, 3, tmp_path)
    assert code == "DEADLINE_EXCEEDED"
    assert pause < took / 2  # it would be all of it


@pytest.mark.parametrize("kind", PATCHED)
def test_an_answer_arrives_over_both_ways(kind: str, tmp_path: Path) -> None:
    with http_door() as door:
        assert _submitted(kind, f"http://127.0.0.1:{door.port}", 30, tmp_path)[0] == "OK"
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: SubmitReportResponse().SerializeToString()
    )
    service, method = SUBMIT_REPORT.strip("/").split("/")
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    server.add_registered_method_handlers(service, {method: handler})
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert _submitted(kind, f"grpc://127.0.0.1:{port}", 30, tmp_path)[0] == "OK"
    finally:
        server.stop(None).wait()
