"""What a build adds to the server: the registry that its demonstration carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("registry.binpb", "clients")


class DemoRegistry(BuildHookInterface[Any]):
    """Takes the registry of Backdrop CMS from the checkout; a source archive has it already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include it, unless an editable install is made, which finds it in the checkout."""
        generated = Path(self.root).parent / "registry" / "generated"
        if version == "editable" or not generated.exists():
            return
        for part in PARTS:
            carried = f"headcount_server/demo/registry/{part}"
            build_data["force_include"][str(generated / part)] = carried
