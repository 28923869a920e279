"""A site of its own for each test, and an environment that says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.backdrop_site import BackdropSite


@pytest.fixture
def site(tmp_path: Path, clean_environment: dict[str, str]) -> BackdropSite:
    """Return a site with the module, nothing answered, whose server is not there."""
    made = BackdropSite(tmp_path, clean_environment)
    made.parts["settings"]["headcount_endpoint"] = "http://127.0.0.1:9"
    return made
