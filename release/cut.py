"""Cut a release: `make release VERSION=1.2.3`, with DRY_RUN=1 to change nothing here.

Everything happens in a clone: the version is raised, the changelog dated, the registry's
changes entered, the schema's image written; the result is committed, proved, tagged and
built. Only if all of that succeeds does this repository take commit and tag, at once, and
`dist/VERSION` the files. So a release that fails leaves nothing behind.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import changes
import components
import distributions
import versions
from errors import ReleaseError
from packaging.version import Version
from repository import Repository

BIN = Path(sys.executable).parent
MODULE = "client/headcount/__init__.py"
CHANGELOG = "CHANGELOG.md"
IMAGE = "proto/released.binpb"
DECLARATIONS = Path("registry/declarations")


@dataclass(frozen=True)
class Cut:
    """A release in the making: the clone, and what it will be."""

    clone: Repository
    version: Version
    day: date

    @property
    def tag(self) -> str:
        """Return the name of the tag."""
        return f"v{self.version}"

    def write(self) -> None:
        """Change the files that a release changes, and commit them."""
        self._rewrite(MODULE, versions.raised(self._text(MODULE), self.version))
        self._rewrite(CHANGELOG, changes.dated(self._text(CHANGELOG), self.version, self.day))
        self.run(*self._make(), "proto-check")  # against the former image, before it is replaced
        name = ("--name", str(self.version), "--date", self.day.isoformat())
        if self._questions_changed():
            self.run(BIN / "headcount-registry", "release", DECLARATIONS, *name)
        self.run(*self._make(), "generate-registry")
        self.run(BIN / "buf", "build", "--exclude-source-info", "-o", IMAGE)
        self.clone.git("add", "--all")
        self.clone.git("commit", "--quiet", "--message", f"Release {self.version}")

    def prove(self, command: str) -> None:
        """Run a command on the commit. Raises ReleaseError if it fails or changes a file."""
        print(f"{self.tag}: {command}", flush=True)
        done = subprocess.run(
            shlex.split(command), cwd=self.clone.root, env=_outside(), check=False
        )
        if done.returncode:
            raise ReleaseError(f"`{command}` failed, so there is no release")
        self.clone.check_clean()

    def sign(self) -> None:
        """Tag the commit with what the changelog says of it."""
        message = f"{self.version}\n\n{changes.entries(self._text(CHANGELOG), self.version)}"
        whole = ("--cleanup", "verbatim")  # headings begin with a #
        self.clone.git("tag", "--annotate", *whole, "--message", message, self.tag)

    def build(self, out: Path) -> None:
        """Write the distributions, their bills of materials and all hashes into a folder."""
        distributions.build(self.clone, out)
        components.write_all(out, self.clone.root / "constraints.txt", self.clone.moment())
        distributions.write_sums(out)

    def run(self, *command: str | Path) -> str:
        """Return what a program prints that runs in the clone by its code. Raises ReleaseError."""
        ours = (self.clone.root / name for name in ("client", "registry", "server"))
        done = subprocess.run(
            command,
            cwd=self.clone.root,
            env={**_outside(), "PYTHONPATH": os.pathsep.join(map(str, ours))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ReleaseError(f"`{shlex.join(map(str, command))}` failed:\n{done.stdout}")
        return done.stdout

    def _questions_changed(self) -> bool:
        former = DECLARATIONS / "registry.released.binpb"
        if not (self.clone.root / former).exists():
            return True
        found = self.run(BIN / "headcount-registry", "diff", "--format=json", former, DECLARATIONS)
        return bool(json.loads(found)["changes"])

    def _make(self) -> tuple[str | Path, ...]:
        return ("make", "--silent", "--assume-old=.venv/.installed", f"BIN={BIN}")

    def _text(self, name: str) -> str:
        return (self.clone.root / name).read_text(encoding="utf-8")

    def _rewrite(self, name: str, text: str) -> None:
        (self.clone.root / name).write_text(text, encoding="utf-8")


def _outside() -> dict[str, str]:
    """Return the environment without what make tells the programs that it starts."""
    inner = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    return {name: text for name, text in os.environ.items() if name not in inner}


def check(repository: Repository, asked: str) -> Version:
    """Return the version to release. Raises ReleaseError if it or the tree is not ready."""
    repository.check_clean()
    module = (repository.root / MODULE).read_text(encoding="utf-8")
    version = versions.checked(asked, repository.releases(), versions.current(module))
    for folder in distributions.FOLDERS:
        file = repository.root / folder / "pyproject.toml"
        name = str(file.relative_to(repository.root))
        versions.check_own_requirements(name, file.read_text(encoding="utf-8"), version)
    return version


def cut(repository: Repository, asked: str, proof: str, *, dry_run: bool) -> str:
    """Make a release, or only try it; return what was done. Raises ReleaseError."""
    version, begun = check(repository, asked), repository.head()
    out = repository.root / "dist" / str(version)
    if out.exists():
        raise ReleaseError(f"{out} is there already; remove it first")
    with tempfile.TemporaryDirectory(prefix="headcount-release-") as place:
        Path(place).chmod(0o755)  # some tests of the proof run programs as another user
        clone = repository.clone(Path(place) / "headcount")
        made = Cut(clone, version, datetime.now(UTC).date())
        made.write()
        made.prove(proof)
        made.sign()
        files = Path(place) / "files"
        made.build(files)
        told = f"{clone.git('show', '--stat', '--format=%s', 'HEAD')}\n\n"
        told += (files / distributions.SUMS).read_text(encoding="utf-8")
        if dry_run:
            return f"{told}\nA dry run: nothing was changed here."
        _take(repository, made, files, begun, out)
    return f"{told}\nPublish it: git push --atomic origin HEAD {made.tag}"


def _take(repository: Repository, made: Cut, files: Path, begun: str, out: Path) -> None:
    """Take commit, tag and files into the repository, or nothing."""
    repository.check_clean()
    if repository.head() != begun:
        raise ReleaseError("the branch moved meanwhile, so there is no release; begin again")
    shutil.copytree(files, out)
    tag = f"refs/tags/{made.tag}"
    try:
        repository.git("fetch", "--quiet", "--no-tags", made.clone.root, f"{tag}:{tag}")
        repository.git("merge", "--quiet", "--ff-only", made.tag)
    except BaseException:
        shutil.rmtree(out)
        if made.tag in repository.releases():
            repository.git("tag", "--delete", made.tag)
        raise


def main() -> None:
    """Read the arguments and make the release."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("version", nargs="?", default="", help="such as 1.2.3")
    parser.add_argument("--proof", required=True, help="command that the commit has to pass")
    parser.add_argument("--dry-run", action="store_true", help="change nothing here")
    asked = parser.parse_args()
    root = Repository(Path(__file__).parents[1])
    try:
        print(cut(root, asked.version, asked.proof, dry_run=asked.dry_run))
    except ReleaseError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
