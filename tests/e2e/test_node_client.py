"""The client for Node, in one file, keeps what it claims and is counted by a real server."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.repository import REGISTRY, ROOT
from support.server_process import BIN, ServerProcess, installed

CLIENT = ROOT / "examples" / "node_client" / "headcount.mjs"
DECLARED = ROOT / "registry" / "generated" / "registry.json"
KIT = (BIN / "headcount-registry", "conformance")
ANSWERS = {"multisite": True, "operating_system": "Darwin", "php_version": "8.2.7"}
OF_OTHERS = {"consent", "evolved", "envelope_binary", "response_binary"}
"""What this example leaves to whoever writes a client on it."""

DIGEST = hashlib.sha256(bytes.fromhex("120208011a02080322050a03382e32")).hexdigest()
"""Of the bytes that the Python client sends for these answers."""

Run = Callable[..., str]


@pytest.fixture(name="node")
def _node(tmp_path: Path, clean_environment: dict[str, str]) -> Run:
    """Runs the client in an empty directory, as a person would."""
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS), encoding="utf-8")

    def run(*arguments: str, **environment: str) -> str:
        place = ("--registry", str(DECLARED), "--project", "bee")
        done = subprocess.run(
            [installed("node"), CLIENT, *arguments, *place],
            cwd=tmp_path,
            env=clean_environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout.strip()

    return run


def test_the_client_for_node_keeps_all_that_it_claims() -> None:
    done = subprocess.run(
        [*KIT, "--format", "json", "--", installed("node"), CLIENT, "conformance"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"], told["trouble"]) == (0, [], "")
    assert {each["operation"] for each in told["untried"]} == OF_OTHERS


@pytest.mark.slow
def test_a_report_from_node_is_counted_once_and_only_after_a_yes(
    serve: Callable[..., ServerProcess], node: Run, tmp_path: Path
) -> None:
    server = serve(REGISTRY, clock=datetime.now(UTC))
    send = ("send", "--now", "--server", f"http://{server.addresses['public']}")
    assert node(*send) == "off"
    assert not (tmp_path / ".headcount").exists()
    node("yes")
    assert node(*send, DO_NOT_TRACK="1") == "off: environment"
    assert json.loads(node("show"))["digest"] == DIGEST
    assert node(*send) == "counted: OK"
    assert node(*send) == "not due"
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as reader:
        counted = reader.execute("SELECT project, reports FROM open_reports").fetchall()
    assert counted == [("bee", 1)]
    node("no")
    assert "secret" not in (tmp_path / ".headcount" / "bee.json").read_text(encoding="utf-8")
    assert node(*send) == "off"


@pytest.mark.slow
def test_a_clock_that_lags_sends_for_the_week_that_the_server_names(
    serve: Callable[..., ServerProcess], node: Run, tmp_path: Path
) -> None:
    """The second own week was named in the first, so the open weeks are asked for."""
    ahead = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 14 * 86_400, UTC)
    server = serve(REGISTRY, clock=ahead)
    send = ("send", "--now", "--server", f"http://{server.addresses['public']}")
    node("yes")
    assert node(*send) == "counted: OK"
    path = tmp_path / ".headcount" / "bee.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    (own, named) = next(iter(state["named"].items()))
    assert (own < named, state["latest"]) == (True, named)
    # As if the week of this clock had been named in another own week.
    earlier = {**state, "plan": None, "latest": own, "named": {"2020-W01": own}}
    path.write_text(json.dumps(earlier), encoding="utf-8")
    assert node(*send) == "counted: OK"
    assert json.loads(path.read_text("utf-8"))["named"] == {"2020-W01": own, own: named}
