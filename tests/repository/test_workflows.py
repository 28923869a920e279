"""What the forge would run is what runs here, on every Python that we name."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.repository import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(workflow: Path) -> dict[str, dict[str, Any]]:
    read = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    return dict(read["jobs"])


def commands() -> Iterator[str]:
    for workflow in WORKFLOWS:
        for job in jobs(workflow).values():
            yield from (step["run"] for step in job["steps"] if "run" in step)


def test_every_command_of_a_workflow_is_one_that_this_repository_has() -> None:
    asked = list(commands())
    assert ".ci/run" in asked
    targets = [command for command in asked if command.startswith("make ")]
    assert len(targets) >= 2
    for command in targets:
        words = command.split()
        subprocess.run([words[0], "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
    for command in asked:
        for word in command.split():
            if word.startswith(".ci/"):
                assert os.access(ROOT / word, os.X_OK)


def test_the_forge_tries_every_python_that_a_distribution_names() -> None:
    found = jobs(ROOT / ".github" / "workflows" / "ci.yml")
    elsewhere = set(found["elsewhere"]["strategy"]["matrix"]["python"])
    assert set(found["linux"]["strategy"]["matrix"]["python"]) | {"3.11"} == elsewhere
    prefix = "Programming Language :: Python :: 3."
    for folder in (".", "registry", "server"):
        text = (ROOT / folder / "pyproject.toml").read_text(encoding="utf-8")
        classifiers = tomllib.loads(text)["project"]["classifiers"]
        named = {one.rpartition(" ")[2] for one in classifiers if one.startswith(prefix)}
        assert named == elsewhere


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_but_for_the_job_that_publishes(workflow: Path) -> None:
    read = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert read["permissions"] == {"contents": "read"}
    may = {name: job["permissions"] for name, job in jobs(workflow).items() if "permissions" in job}
    assert may == ({"publish": {"id-token": "write"}} if workflow.name == "release.yml" else {})
