"""What every test of the registry may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry.workbench import Bench

if TYPE_CHECKING:
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/registry/golden/*/expected anew"
    )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
