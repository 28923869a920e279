"""The reports of docs/hosts/other-languages.md are sent as they stand there, and counted."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.present import present
from support.repository import REGISTRY, ROOT
from support.server_process import ServerProcess, installed

DOCUMENT = (ROOT / "docs" / "hosts" / "other-languages.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(server=.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
USUAL = "http://127.0.0.1:8080"

Serve = Callable[..., ServerProcess]


Run = Callable[[list[str]], subprocess.CompletedProcess[str]]


@pytest.fixture(name="run")
def _run(tmp_path: Path, clean_environment: dict[str, str]) -> Run:
    """Run a program in an empty directory, as a person would."""

    def run(program: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            program,
            cwd=tmp_path,
            env={**clean_environment, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def _counted(server: ServerProcess) -> dict[str, int]:
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as reader:
        return dict(reader.execute("SELECT project, reports FROM open_reports").fetchall())


def test_curl_sends_a_complete_report_that_counts_once(serve: Serve, run: Run) -> None:
    server = serve(REGISTRY, clock=present())
    (script,) = SHELL
    script = script.replace(USUAL, f"http://{server.addresses['public']}")
    installed("curl")
    installed("openssl")
    for _ in range(2):
        done = run(["bash", "-euo", "pipefail", "-c", script])
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.fullmatch(r'\{"week": *"\d{4}-W\d\d"\}', done.stdout.strip())
    assert _counted(server) == {"bee": 1}


@pytest.mark.parametrize("path", ["/post", "/telemetry/post"])
def test_backdrops_request_is_replayed_with_curl(serve: Serve, run: Run, path: str) -> None:
    server = serve(REGISTRY, clock=present())
    body = '{"backdrop":{"version":"1.27.1","php_version":"8.2.36","multisite":"No"}}'
    done = run(
        [
            installed("curl"),
            "--silent",
            "--http1.0",
            "--write-out",
            "%{http_code} %{size_download}",
            "--header",
            "Content-Type: application/json",
            "--header",
            "X-Site-Key: kw7qg-O8Q3yOalYvYrjVHZqX3rKiaeWb5ejXFjug6PY",
            "--data",
            body,
            f"http://{server.addresses['public']}{path}",
        ]
    )
    assert (done.returncode, done.stdout) == (0, "200 0")
    assert _counted(server) == {"backdrop": 1}
