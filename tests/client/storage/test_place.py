"""Programs keep their state where their system keeps such things."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import headcount
import pytest
from headcount import state_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.sample_project import Host


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")


@pytest.mark.parametrize(
    ("system", "environment", "place"),
    [
        ("linux", {}, "/home/ada/.local/state/acme/headcount"),
        ("freebsd14", {}, "/home/ada/.local/state/acme/headcount"),
        ("linux", {"XDG_STATE_HOME": "/srv/state"}, "/srv/state/acme/headcount"),
        ("linux", {"XDG_STATE_HOME": "state"}, "/home/ada/.local/state/acme/headcount"),
        ("linux", {"STATE_DIRECTORY": "/var/lib/acme"}, "/var/lib/acme/headcount"),
        ("linux", {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a/headcount"),
        ("darwin", {}, "/home/ada/Library/Application Support/acme/headcount"),
        ("win32", {"LOCALAPPDATA": "/C/Local"}, "/C/Local/acme/headcount"),
        ("win32", {}, "/home/ada/AppData/Local/acme/headcount"),
    ],
)
def test_each_system_has_its_place(system: str, environment: dict[str, str], place: str) -> None:
    assert state_directory("acme", environment=environment, system=system) == place


def test_nothing_is_made_by_asking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory("acme").startswith(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_account_without_a_home_is_off_and_leaves_nothing_where_it_stands(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where there is no account
    monkeypatch.chdir(tmp_path)
    place = state_directory("acme", environment={})
    assert place == "/nonexistent/.local/state/acme/headcount"
    assert host(Path(place)).client.state().rule == "undecided"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_is_as_light_as_the_rest() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path(headcount.__file__).parents[1])!r})\n"
        "from headcount import state_directory, stock\n"
        "print({'pathlib', 'platform', 'importlib.metadata', 'typing'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
