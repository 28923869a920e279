"""The paths of the repository."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
REGISTRY = ROOT / "registry" / "generated" / "registry.binpb"
"""The registry that is shipped."""
