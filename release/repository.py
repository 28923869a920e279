"""A git repository, as far as a release needs it."""

from __future__ import annotations

import os
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from errors import ReleaseError

_PLACES = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"}
"""Variables by which a hook of git points to its own repository."""


def unpack(archive: tarfile.TarFile, place: Path) -> None:
    """Write the files of an archive of our own into a folder."""
    # Not an argument, because Pythons before 3.11.4 know no filters.
    archive.extraction_filter = getattr(tarfile, "data_filter", None)
    archive.extractall(place)  # noqa: S202 - our own


@dataclass(frozen=True)
class Repository:
    """A repository with its working tree, at `root`."""

    root: Path

    def git(self, *arguments: str | Path) -> str:
        """Return what git prints. Raises ReleaseError with what it complains of."""
        return self._output(*arguments).decode().strip()

    def check_clean(self) -> None:
        """Raise ReleaseError, with their names, if files are not committed."""
        changed = self.git("status", "--porcelain")
        if changed:
            raise ReleaseError(f"{self.root}: commit or remove these files first:\n{changed}")

    def releases(self) -> list[str]:
        """Return the tags of releases, such as v0.1.0."""
        return self.git("tag", "--list", "v[0-9]*.[0-9]*.[0-9]*").split()

    def head(self) -> str:
        """Return the commit in force."""
        return self.git("rev-parse", "HEAD")

    def moment(self) -> int:
        """Return the time of the commit in force, in seconds since 1970."""
        return int(self.git("show", "--no-patch", "--format=%ct", "HEAD"))

    def clone(self, place: Path) -> Repository:
        """Return a new clone, with the same author as here; git refuses if it knows none."""
        name, _, rest = self.git("var", "GIT_COMMITTER_IDENT").partition(" <")
        self.git("clone", "--quiet", "--shared", self.root, place)
        copy = Repository(place)
        copy.git("config", "user.name", name)
        copy.git("config", "user.email", rest.partition(">")[0])
        return copy

    def extract(self, place: Path) -> None:
        """Write the files of the commit in force into an empty folder."""
        packed = self._output("archive", "--format=tar", "HEAD")
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            unpack(archive, place)

    def _output(self, *arguments: str | Path) -> bytes:
        outside = {name: text for name, text in os.environ.items() if name not in _PLACES}
        done = subprocess.run(
            ["git", "-C", self.root, *arguments],  # noqa: S607 - any git
            env=outside,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            asked = " ".join(map(str, arguments))
            raise ReleaseError(f"git {asked}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout
