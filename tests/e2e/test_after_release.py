"""After each release the packaging server calls a hook, and a running server counts by it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from support.packaging import release
from support.repository import ROOT
from support.server_process import BIN, THURSDAY, ServerProcess
from support.waiting import until

pytestmark = pytest.mark.slow

DOCUMENT = (ROOT / "docs" / "hosts" / "backdrop.md").read_text(encoding="utf-8")
(LINE,) = re.findall(r"^(RELEASES=.* after-release\.sh) .*\.zip$", DOCUMENT, re.MULTILINE)
(BUILD,) = re.findall(r"^headcount-registry build releases .*$", DOCUMENT, re.MULTILINE)
HOOKS = ROOT / "examples" / "packaging"


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],  # noqa: S607 - any bash
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": f"{BIN}:{HOOKS}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def after(archive: Path, folder: Path, reload: str = "true") -> subprocess.CompletedProcess[str]:
    """Call the hook as the document does, with another command to reload."""
    line = LINE.replace("systemctl reload headcount", reload)
    return shell(f"{line} {archive}", folder)


def keys(server: ServerProcess) -> set[str]:
    request = urllib.request.Request(
        f"http://{server.addresses['public']}/headcount.v1.TelemetryService/GetRegistry",
        b"{}",
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the same
        projects = json.load(response)["projects"]
    return {
        f"{each['declaration']['name']}.{key['declaration']['name']}"
        for each in projects
        for key in each["keys"]
    }


def test_a_release_is_counted_by_a_running_server_and_a_bad_one_changes_nothing(
    tmp_path: Path, serve: Callable[..., ServerProcess]
) -> None:
    packaged = tmp_path / "packaged"
    done = after(release(packaged, "poll", "1.x-1.0.0", "k"), tmp_path)
    assert done.returncode == 0, done.stderr
    server = serve(tmp_path / "registry" / "generated" / "registry.binpb", clock=THURSDAY)
    assert keys(server) == {"poll.version", "poll.k"}
    assert server.process
    reload = f"kill -HUP {server.process.pid}"
    done = after(release(packaged, "poll", "1.x-1.1.0", "k", "more"), tmp_path, reload)
    assert done.returncode == 0, done.stderr
    until(
        lambda: keys(server) == {"poll.version", "poll.k", "poll.more"}, told=lambda: keys(server)
    )
    before = {path: path.read_bytes() for path in (tmp_path / "releases").iterdir()}
    bad = release(packaged, "poll", "1.x-1.2.0", "k", "more", "Wrong-Name")
    damaged = packaged / "poll-1.x-1.1.0.zip"
    damaged.write_bytes(damaged.read_bytes()[:400])
    for archive, told in ((bad, "Wrong-Name"), (damaged, "damaged")):
        done = after(archive, tmp_path, reload)
        assert done.returncode == 1
        assert archive.name in done.stderr
        assert told in done.stderr
        assert "the registry is as it was" in done.stderr
        assert {path: path.read_bytes() for path in (tmp_path / "releases").iterdir()} == before
    assert shell(f"{BUILD} --check", tmp_path).returncode == 0
    assert "unchanged" in shell(BUILD, tmp_path).stdout
    assert keys(server) == {"poll.version", "poll.k", "poll.more"}
