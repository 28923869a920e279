"""Commands that the documents for maintainers show, as they stand there."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.explained import explained
from support.present import present
from support.repository import REGISTRY, ROOT
from support.server_process import BIN, ServerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DOCUMENTS = ROOT / "docs" / "maintainers"
SHOWN = {
    line
    for name in ("checks.md", "registry.md")
    for line in re.findall(
        r"^headcount-registry (?:review|renew|check .*--).*$",
        (DOCUMENTS / name).read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def ran(
    commands: str, place: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607 - any bash
        cwd=place,
        env={**environment, "HOME": str(place), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Path:
    """A checkout whose declarations were released before."""
    shutil.copytree(ROOT / "registry" / "declarations", tmp_path / "registry" / "declarations")
    released = tmp_path / "registry" / "declarations" / "registry.released.binpb"
    shutil.copy(REGISTRY, released)
    (tmp_path / "declarations").mkdir()
    today = dt.datetime.now(dt.UTC).date()
    (tmp_path / "declarations" / "toy.info").write_text(
        explained(
            "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n"
            f"telemetry[k][expires] = {today + dt.timedelta(91)}\n"
        )
    )
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def test_the_documents_show_commands() -> None:
    assert len(SHOWN) == 4


@pytest.mark.slow
@pytest.mark.parametrize("line", sorted(SHOWN))
def test_a_command_runs_as_it_stands_in_its_document(
    place: Path, line: str, clean_environment: dict[str, str]
) -> None:
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(365)
    done = ran(line.replace("2027-11-29", str(later)), place, clean_environment)
    judged = "--policies" in line  # the example's policies are stricter than ours
    assert (done.returncode, done.stderr) == (int(judged), "")
    assert ("[extended-ends]" in done.stdout) is judged


def section(title: str) -> str:
    """Return the shell commands of a section of registry.md."""
    text = (DOCUMENTS / "registry.md").read_text(encoding="utf-8")
    body = re.split(
        r"^## ", text[text.index(f"## {title}\n") + 3 :], maxsplit=1, flags=re.MULTILINE
    )[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL))


@pytest.mark.slow
def test_sample_reports_are_written_and_counted_as_it_is_shown(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    (tmp_path / "generated").mkdir()
    shutil.copy(REGISTRY, tmp_path / "generated" / "registry.binpb")
    server = ServerProcess(REGISTRY, tmp_path, present())
    server.start()
    try:
        commands = section("Sample reports")
        assert "127.0.0.1:8080" in commands
        commands = commands.replace("127.0.0.1:8080", server.addresses["public"])
        done = ran(commands, tmp_path, clean_environment)
        assert (done.returncode, done.stderr) == (0, "")
        (answer,) = done.stdout.splitlines()[-1:]
        assert re.fullmatch("[0-9]{4}-W[0-9]{2}", json.loads(answer)["week"])
        assert len((tmp_path / "reports.jsonl").read_text(encoding="utf-8").splitlines()) == 20
        assert [path.name for path in (tmp_path / "samples").iterdir()] == ["000001.binpb"]
    finally:
        server.stop()


PAYLOADS = """\
{"shop": {"php_version": "8.1.27", "cart": "Yes"}}
{"shop": {"php_version": "8.2.3", "cart": "No"}}
"""
HOOK = """\
<?php
function shop_telemetry_info() {
  return array('cart' => array('label' => t('Cart'), 'description' => t('Whether it has one.')));
}
"""


def test_a_draft_is_made_as_it_is_shown(tmp_path: Path, clean_environment: dict[str, str]) -> None:
    (tmp_path / "payloads.jsonl").write_text(PAYLOADS, encoding="utf-8")
    (tmp_path / "shop.telemetry.inc").write_text(HOOK, encoding="utf-8")
    done = ran(section("Drafting declarations"), tmp_path, clean_environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    draft = (tmp_path / "shop.info").read_text(encoding="utf-8")
    assert "telemetry[cart][description] = Whether it has one.\n" in draft
    assert "telemetry[cart][type] = boolean\n" in draft
