"""A site owner's afternoon, typed, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.present import present
from support.repository import REGISTRY
from support.server_process import ServerProcess

HOST = """\
import os
from backdrop_telemetry import Collectors, Telemetry

class Site(Collectors):
    def php_version(self):
        return "8.2.7"

telemetry = Telemetry(Site(), state_directory="state", endpoint=os.environ["ENDPOINT"])
"""


def test_an_owner_looks_agrees_sends_checks_and_leaves(
    serve: Callable[..., ServerProcess], tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    registry = REGISTRY
    server = serve(registry, "--threshold=7", "--grace-hours=48", clock=present())
    site = tmp_path / "site"
    site.mkdir()
    (site / "shop.py").write_text(HOST)
    environment = {
        **clean_environment,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HEADCOUNT_HOST": "shop:telemetry",
        "ENDPOINT": f"grpc://{server.addresses['gRPC']}",
    }

    def typed(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "backdrop_telemetry", *words],
            cwd=site,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (code, "")
        return " ".join(done.stdout.split())

    assert "OFF" in typed("status", "--ask-server", code=3)
    assert "OFF" in typed("send", code=3)
    assert not (site / "state").exists()
    previewed = json.loads(typed("preview", "--json"))
    assert not (site / "state").exists()
    assert "is ON." in typed("grant")
    assert previewed["digest"] in typed("send")
    assert "multiples of 7" in typed("status", "--ask-server")
    assert previewed["digest"] in typed("status")
    (entry,) = json.loads(typed("history", "--json"))["reports"]
    assert (entry["outcome"], entry["digest"]) == ("SENT", previewed["digest"])
    assert entry["report"] == previewed["report"] == {"phpVersion": {"value": "8.2"}}
    assert "is OFF." in typed("deny", "--delete-history")
    assert [path.name for path in (site / "state").iterdir()] == ["backdrop.json"]
    typed("forget")
    assert not (site / "state").exists()
