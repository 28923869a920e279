"""Every command that docs/operators/relay.md shows works as it is typed, in its order."""

from __future__ import annotations

import os
import re
import subprocess
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.explained import explained
from support.repository import ROOT
from support.server_process import BIN, doors
from support.waiting import until

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "operators" / "relay.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(DECLARED,) = re.findall(r"^```ini\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
QUESTION = "telemetry[good][type] = boolean\ntelemetry[good][label] = Good\n"
ANYWHERE = " ".join(f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations"))
BEGUN = datetime.now(UTC).date()


class Operator:
    """Somebody who types what the page says, in a folder of their own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        path = f"{BIN}:{os.environ['PATH']}"
        self.environment = {**environment, "HOME": str(folder), "PATH": path}

    def types(self, line: str, status: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],  # noqa: S607 - any bash
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def serves(self, line: str) -> Iterator[tuple[str, Path]]:
        """Run a line that serves; give its public address, and the file with what it says."""
        said = self.folder / "said"
        with said.open("w", encoding="utf-8") as output:
            command = ["bash", "-c", f"exec {line} {ANYWHERE}"]
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=output, stderr=output
            )
        try:
            told = until(lambda: doors(said.read_text("utf-8")), told=said.read_text)
            yield told["public"], said
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0, said.read_text("utf-8")

    def declares(self, key: str, release: str) -> None:
        """Write the page's declaration with a printed key, and release the registry."""
        lines = re.sub(r".*oblivious_key.*", key.strip(), DECLARED)
        (self.folder / "declarations").mkdir(exist_ok=True)
        text = explained(lines + QUESTION)
        (self.folder / "declarations" / "toy.info").write_text(text, encoding="utf-8")
        build = "headcount-registry build declarations --out ."
        self.types(build)
        self.types(f"headcount-registry release declarations --name {release}")
        self.types(f"{build} --changes changes.md")


@pytest.fixture(name="operator")
def _operator(tmp_path: Path, clean_environment: dict[str, str]) -> Operator:
    return Operator(tmp_path, clean_environment)


def _announced(address: str) -> bytes:
    url = f"http://{address}/.well-known/ohttp-gateway"
    with urllib.request.urlopen(url, timeout=20) as response:
        announced: bytes = response.read()
    return announced


def _configuration(line: str) -> bytes:
    return b64decode(line.partition(" = ")[2])


def test_the_page_is_followed_from_the_first_key_to_the_next(operator: Operator) -> None:
    setup, serve, keeping = BLOCKS
    install, new = setup.splitlines()
    check = install.replace("pip install", "python -m pip install --no-index --dry-run")
    assert "does not provide the extra" not in operator.types(check)
    first = operator.types(new)
    operator.declares(first, "1.0")
    with operator.serves(serve.strip()) as (address, said):
        assert _configuration(first) in _announced(address)
        assert "--oblivious-key" not in said.read_text("utf-8")
    # A new key, as the page has it, in three steps.
    operator.types("mv oblivious-1.key old.key")
    number = (_configuration(first)[0] + 1) % 256
    second = operator.types(new.replace("oblivious-1.key", f"new.key --identifier {number}"))
    flags = re.sub(r"--oblivious-key \S+", _both(), serve.strip())
    with operator.serves(flags) as (address, _):
        announced = _announced(address)
        assert announced.index(_configuration(second)) < announced.index(_configuration(first))
    operator.declares(second, "1.1")
    listing, removing = keeping.splitlines()
    listed = operator.types(listing)
    assert f"new.key: key {number}, needed: the registry in force pins it for `toy`" in listed
    refused = operator.types(removing, status=1)
    for told in (listed, refused):
        assert "needed until" in told
        days = f"({BEGUN}|{datetime.now(UTC).date()})"  # midnight may come meanwhile
        assert re.search(f"old.key: .*release 1.[01] of {days}.* for `toy`", told)
    assert (operator.folder / "old.key").exists()
    show = re.findall(r"`(headcount-server oblivious-key show )FILE`", PAGE)[0]
    assert operator.types(f"{show} old.key") == first
    without = re.sub(r"--oblivious-key \S+", "--oblivious-key new.key", serve.strip())
    with operator.serves(without) as (_, said):
        until(
            lambda: first.partition(" = ")[2].strip() in said.read_text("utf-8"),
            told=said.read_text,
        )


def _both() -> str:
    (found,) = re.findall(r"`(--oblivious-key new\.key --oblivious-key old\.key)`", PAGE)
    return str(found)


def test_the_declaration_of_the_page_is_one(operator: Operator) -> None:
    key = DECLARED.splitlines()[-1]
    operator.declares(key, "1.0")
    assert "1.0" in (operator.folder / "changes.md").read_text("utf-8")
