"""The client for Node, in one file, keeps what it claims and is counted by a real server."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from headcount_registry.conformance import vectors
from support.present import present
from support.repository import REGISTRY, ROOT
from support.server_process import BIN, ServerProcess, installed

CLIENT = ROOT / "examples" / "node_client" / "headcount.mjs"
DECLARED = ROOT / "registry" / "generated" / "registry.json"
KIT = (BIN / "headcount-registry", "conformance")
ANSWERS = {"multisite": True, "operating_system": "Darwin", "php_version": "8.2.7"}
OF_OTHERS = {
    *("consent", "evolved", "shared_history", "envelope_binary", "response_binary"),
    *("hpke", "binary_request", "binary_response", "oblivious_request", "oblivious_response"),
    *("oblivious_request_aes", "oblivious_response_aes"),
}
"""What this example leaves to whoever writes a client on it."""

DOCUMENT = (ROOT / "docs" / "hosts" / "other-languages.md").read_text(encoding="utf-8")
DIGEST = hashlib.sha256(bytes.fromhex("120208011a02080322050a03382e32")).hexdigest()
"""Of the bytes that the Python client sends for these answers."""

Run = Callable[..., str]


@pytest.fixture(name="node")
def _node(tmp_path: Path, clean_environment: dict[str, str]) -> Run:
    """Run the client in an empty directory, as a person would."""
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS), encoding="utf-8")

    def run(*arguments: str, registry: Path = DECLARED, **environment: str) -> str:
        place = ("--registry", str(registry), "--project", "bee")
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


def test_the_document_leads_through_every_file_of_cases() -> None:
    steps = re.findall(r"^\| [0-9]+ \| .* \| `(\w+)` \|$", DOCUMENT, re.MULTILINE)
    assert sorted(steps) == sorted(["projects", *vectors.names()])


def test_the_commands_of_the_document_run_as_they_stand_there(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    (block,) = re.findall(r"^```console\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],  # noqa: S607 - any bash
        cwd=tmp_path,
        env={**clean_environment, "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed, " in done.stdout
    assert (tmp_path / "vectors" / "weeks.json").exists()


def test_the_exchange_in_the_document_is_one_that_a_client_has() -> None:
    (block,) = re.findall(r"^```text\n(> .*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    said = [(line[0], json.loads(line[2:])) for line in block.splitlines()]
    asked = [line for who, line in said if who == ">"]
    done = subprocess.run(
        [installed("node"), CLIENT, "conformance"],
        input="".join(json.dumps(question) + "\n" for question in asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    hello, epoch, *_ = (json.loads(line) for line in done.stdout.splitlines())
    expected = [line for who, line in said if who == "<"]
    assert hello.keys() == expected[0].keys()
    assert set(expected[0]["does"]) <= set(hello["does"])
    assert epoch == expected[1]


@pytest.mark.slow
def test_a_report_from_node_is_counted_once_and_only_after_a_yes(
    serve: Callable[..., ServerProcess], node: Run, tmp_path: Path
) -> None:
    server = serve(REGISTRY, clock=present())
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
    node("yes")
    assert node(*send) == "not due"  # it was counted in this week, with another secret
    node("no")
    assert "secret" not in (tmp_path / ".headcount" / "bee.json").read_text(encoding="utf-8")
    assert node(*send) == "off"


@pytest.mark.slow
def test_nothing_is_sent_directly_to_a_project_that_declares_a_relay(
    node: Run, tmp_path: Path
) -> None:
    registry = json.loads(DECLARED.read_text(encoding="utf-8"))
    for project in registry["projects"]:
        project["relay"] = "https://relay.example.org"
    (tmp_path / "registry.json").write_text(json.dumps(registry), encoding="utf-8")
    node("yes")
    sent = node(
        "send", "--now", "--server", "http://127.0.0.1:1", registry=tmp_path / "registry.json"
    )
    assert sent == "off: its relay needs a client that seals"


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
