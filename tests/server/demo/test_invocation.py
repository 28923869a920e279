"""Whatever started the demonstration, what it prints can be typed there."""

from __future__ import annotations

from pathlib import Path

import pytest
from headcount_server.demo.invocation import invocation


@pytest.fixture(name="prefix")
def _prefix(tmp_path: Path) -> Path:
    """An environment that has the program."""
    program = tmp_path / "env" / "bin" / "headcount-server"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    return tmp_path / "env"


def test_a_program_on_the_path_is_called_by_its_name(prefix: Path) -> None:
    started = f"{prefix}/bin/headcount-server"
    for more in ({}, {"UV": "/usr/bin/uv", "VIRTUAL_ENV": str(prefix)}):
        assert invocation(started, prefix, {"PATH": f"{prefix}/bin", **more}) == "headcount-server"


def test_a_program_that_is_nowhere_on_the_path_is_called_as_it_was(prefix: Path) -> None:
    nowhere = {"PATH": "/nowhere"}
    assert invocation(".venv/bin/headcount-server", prefix, nowhere) == ".venv/bin/headcount-server"
    assert invocation("a b/headcount-server", prefix, nowhere) == "'a b/headcount-server'"


def test_uvx_and_pipx_are_asked_again_if_they_can_be(prefix: Path, tmp_path: Path) -> None:
    started = f"{prefix}/bin/headcount-server"
    tools = {name: tmp_path / name for name in ("uvx", "pipx")}
    for name, folder in tools.items():
        folder.mkdir()
        (folder / name).touch(0o755)
    uv = {"UV": "/usr/bin/uv"}  # which pipx may have brought along for itself
    for folder, again in (
        (tools["uvx"], "uvx headcount-server"),
        (tools["pipx"], "pipx run headcount-server"),
        (tmp_path, started),
    ):
        assert invocation(started, prefix, {"PATH": f"{prefix}/bin:{folder}", **uv}) == again
    (prefix / "pipx_metadata.json").touch()
    assert invocation(started, prefix, {"PATH": "/nowhere"}) == started
    pipx = {"PATH": str(tools["pipx"])}
    assert invocation(started, prefix, pipx) == "pipx run headcount-server"
