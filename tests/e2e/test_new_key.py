"""A key's life: declared in an `.info` file, it reaches /metrics; removed, it is never reused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from headcount_server.week import Week
from support.repository import ROOT
from support.server_process import BIN, ServerProcess

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CLOSED = Week.of(NOW).end + timedelta(days=2, seconds=1)

DECLARATION = """
telemetry[page_cache][label] = Page cache
telemetry[page_cache][description] = Whether pages are cached for anonymous visitors.
telemetry[page_cache][purpose] = Decide whether the cache is on in new installations.
telemetry[page_cache][issue] = https://example.org/issues/1
telemetry[page_cache][type] = boolean
"""

HOST = """
import sys
from backdrop_telemetry import Collectors, Telemetry

class Site(Collectors):
    def page_cache(self) -> bool:
        return True

telemetry = Telemetry(
    Site(), state_directory=sys.argv[1], endpoint=sys.argv[2], environment={},
    clock=lambda: float(sys.argv[3]),
)
telemetry.grant(via="test")
print(telemetry.send_now())
"""


@pytest.fixture(name="declarations")
def _declarations(tmp_path: Path) -> Path:
    copy = tmp_path / "declarations"
    shutil.copytree(ROOT / "registry" / "declarations", copy)
    return copy


def build(declarations: Path) -> Path:
    generated = declarations.with_name("generated")
    subprocess.run(
        [BIN / "headcount-registry", "build", declarations, "--out", generated], check=True
    )
    return generated


def test_a_key_added_to_an_info_file_reaches_the_metrics_with_no_other_edit(
    serve: Callable[..., ServerProcess], declarations: Path, tmp_path: Path
) -> None:
    with (declarations / "backdrop" / "site.info").open("a", encoding="utf-8") as file:
        file.write(DECLARATION)
    generated = build(declarations)
    server = serve(generated / "registry.binpb", "--threshold=1", clock=NOW)
    site = subprocess.run(
        [
            sys.executable,
            "-c",
            HOST,
            tmp_path / "state",
            f"grpc://{server.addresses['gRPC']}",
            str(NOW.timestamp()),
        ],
        env={**os.environ, "PYTHONPATH": str(generated / "clients")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert site.stdout == "SENT\n"
    server.set_clock(CLOSED)
    metrics = server.wait_for_metric("headcount_backdrop_reports 1.0")
    assert 'headcount_backdrop_page_cache_reports{value="true"} 1.0' in metrics
    help_text = "Page cache. Whether pages are cached for anonymous visitors."
    assert f"# HELP headcount_backdrop_page_cache_reports {help_text}" in metrics


def test_a_key_that_is_removed_leaves_its_number_and_name_reserved(declarations: Path) -> None:
    site = declarations / "backdrop" / "site.info"
    before = site.read_text(encoding="utf-8")
    site.write_text(before + DECLARATION, encoding="utf-8")
    proto = build(declarations) / "headcount" / "projects" / "backdrop" / "v1" / "report.proto"
    field = re.search(r" page_cache = (\d+);", proto.read_text(encoding="utf-8"))
    assert field is not None
    site.write_text(before, encoding="utf-8")
    build(declarations)
    report = proto.read_text(encoding="utf-8")
    assert re.search(rf"reserved [^;\n]*\b{field[1]}\b[^;\n]*;", report)
    assert re.search(r'reserved [^;\n]*"page_cache"[^;\n]*;', report)
    site.write_text(before + DECLARATION.replace("page_cache", "other_cache"), encoding="utf-8")
    build(declarations)
    assert not re.search(rf" = {field[1]};", _report_message(proto))


def _report_message(proto: Path) -> str:
    text = proto.read_text(encoding="utf-8")
    return text[text.index("message Report {") : text.index("\n}", text.index("message Report {"))]
