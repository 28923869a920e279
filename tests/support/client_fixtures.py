"""The fixtures for every test of the client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount.consent.record import VARIABLE
from headcount.consent.switches import CI, TESTS
from headcount.storage.state_directory import SHARED

from support.sample_project import Host

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def _no_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of the person who runs the tests out of them."""
    ours = ("DO_NOT_TRACK", "HEADCOUNT_TELEMETRY", VARIABLE, SHARED)
    for name in (*ours, "MAKELEVEL", *CI, *TESTS):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Callable[..., Host]:
    """Return a function that makes installations, by default with one state directory."""

    def make(directory: Path | None = None, **parts: object) -> Host:
        return Host(directory or tmp_path / "state", **parts)  # type: ignore[arg-type]

    return make
