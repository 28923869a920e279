"""The document about Backdrop says what the module does, and its examples work."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.backdrop_site import MODULE, BackdropSite
from support.repository import ROOT
from support.server_process import BIN

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = (ROOT / "docs" / "hosts" / "backdrop.md").read_text(encoding="utf-8")
CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in MODULE.parent.rglob("*")
    if path.suffix in {".inc", ".module"}
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - any bash
        cwd=folder,
        env={"HOME": str(folder), "PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_command_writes_the_module_that_is_shipped(tmp_path: Path) -> None:
    command, *_ = blocks("console")
    (tmp_path / "registry").symlink_to(ROOT / "registry")
    assert "the module headcount" in shell(command, tmp_path)
    written = tmp_path / "modules" / "headcount"
    files = {path.relative_to(MODULE) for path in MODULE.rglob("*") if path.is_file()}
    assert {each.relative_to(written) for each in written.rglob("*") if each.is_file()} == files
    for name in files:
        assert (written / name).read_bytes() == (MODULE / name).read_bytes()


@pytest.mark.slow
def test_a_fork_and_the_site_of_the_projects_get_what_the_document_says(tmp_path: Path) -> None:
    _, commands, *_, pages = blocks("console")
    (tmp_path / "registry").symlink_to(ROOT / "registry")
    shell(commands + pages, tmp_path)
    assert (tmp_path / "site" / "headcount_project" / "headcount_project.module").exists()
    for file in ("fork/headcount/projects/backdrop.json", "server/registry.json"):
        assert "https://fork.example.org" in (tmp_path / file).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_of_an_author_is_collected(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    """The declarations build, and the site asks the module of the example and counts it."""
    info, _ = blocks("ini")
    (hook,) = [block for block in blocks("php") if block.startswith("<?php")]
    declared = tmp_path / "declarations"
    declared.mkdir()
    (declared / "quick_poll.info").write_text(info, encoding="utf-8")
    shell("headcount-registry generate backdrop declarations --out modules", tmp_path)
    site = BackdropSite(tmp_path, clean_environment, module_code=tmp_path / "modules/headcount")
    code = hook.removeprefix("<?php\n") + "function quick_poll_count_open() { return 12; }\n"
    site.module("quick_poll", code, info, version="1.x-1.2.0")
    told = site.do("collect")["quick_poll"]
    assert told["json"] == {"version": {"value": "1.2"}, "openPolls": {"value": "10"}}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\$settings\['(\w+)'\]", DOCUMENT))))
def test_every_setting_of_the_document_is_read_by_the_module(name: str) -> None:
    assert f"settings_get('{name}'" in CODE


@pytest.mark.slow
def test_bee_can_be_silenced_alone(tmp_path: Path, clean_environment: dict[str, str]) -> None:
    (lines,) = [block for block in blocks("php") if "telemetry_enabled" in block]
    pairs = re.findall(r"\$settings\['(\w+)'\] = (TRUE|FALSE);", lines)
    site = BackdropSite(tmp_path, clean_environment)
    site.parts["settings"] = {name: value == "TRUE" for name, value in pairs}
    told = site.do("state")
    assert (told["off"], told["rule"]) == (None, "undecided")


def test_the_checkbox_of_the_installer_has_the_name_that_scripts_are_told() -> None:
    (script,) = blocks("sh")
    (form, name) = re.findall(r" (\w+)\.(\w+)=1", script)[0]
    hooks = (MODULE / "headcount.module").read_text(encoding="utf-8")
    assert f"function headcount_form_{form}_alter(" in hooks
    assert f"['{name}'] = array(" in hooks


@pytest.mark.slow
def test_the_line_for_the_check_for_updates_is_php_that_the_module_answers(
    tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    (line,) = [block for block in blocks("php") if block.startswith("$site_key")]
    site = BackdropSite(tmp_path, clean_environment)
    site.module(
        "patched", f"function patched_key() {{ $site_key = 'KEY'; {line} return $site_key; }}"
    )
    assert site.do("call", {"function": "patched_key"}) == ""
    site.do("grant", {"level": "basic", "refused": {}})
    assert site.do("call", {"function": "patched_key"}) == "KEY"
