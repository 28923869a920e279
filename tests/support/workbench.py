"""A place to write declarations and to build them with the real parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from headcount_registry.cli import main
from headcount_registry.errors import DeclarationsError
from headcount_registry.evolution.lock import lock_path
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import build

from support.explained import explained
from support.repository import TESTS

if TYPE_CHECKING:
    from click.testing import Result
    from headcount_registry.declarations.model import Key, Project
    from headcount_registry.pipeline.build import Build

GOLDEN = TESTS / "registry" / "golden"


@dataclass(frozen=True)
class Bench:
    """A directory of declarations and one of what is built from them."""

    root: Path

    @property
    def declarations(self) -> Path:
        return self.root / "declarations"

    @property
    def out(self) -> Path:
        return self.root / "generated"

    @property
    def lock(self) -> Path:
        return lock_path([self.declarations])

    def write(self, name: str, text: str, *, whole: bool = False) -> Path:
        """Write a file; unless the text is the `whole` of it, explanations are added."""
        text = text if whole or not name.endswith(".info") else explained(text)
        path = self.declarations / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(errors="surrogateescape"))
        return path

    def build(self) -> Build:
        """Build and write; fail with the findings if there are errors."""
        built = build([self.declarations], self.lock)
        output.apply(output.plan(built.files, self.out, self.lock, built.lock), self.out)
        return built

    def project(self, text: str, name: str = "toy") -> Project:
        """Return the resolved project of one file."""
        self.write(f"{name}.info", text)
        return next(each for each in self.build().registry.projects if each.name == name)

    def key(self, text: str) -> Key:
        """Return the resolved key `k` of one file."""
        return next(key for key in self.project(text).keys if key.name == "k")

    def refused(self) -> list[str]:
        """Return the names of the checks that refuse the build."""
        with pytest.raises(DeclarationsError) as caught:
            build([self.declarations], self.lock)
        return [finding.check for finding in caught.value.findings if finding.is_error]

    def run(self, *arguments: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(main, arguments)

    def run_build(self, *options: str) -> Result:
        """Run the command `build` on the declarations."""
        return self.run("build", str(self.declarations), "--out", str(self.out), *options)
