"""Build the files that are published from the commit in force, twice, and compare the bytes.

    python release/distributions.py FOLDER

The same commit gives the same bytes on any machine with the locked version of hatchling:
every time in them is that of the commit. The second build runs elsewhere, with another
umask, time zone, language and order of sets, so that none of these can leave a trace.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from errors import ReleaseError
from repository import Repository, unpack

FOLDERS = (".", "registry", "server")
SUMS = "SHA256SUMS"


def build(repository: Repository, out: Path) -> list[Path]:
    """Write source archives, wheels and their SHA256SUMS into a new folder; return all.

    Raises ReleaseError if a build fails, if two differ, or if the folder is there.
    """
    if out.exists():
        raise ReleaseError(f"{out} is there already; remove it first")
    epoch = {"SOURCE_DATE_EPOCH": str(repository.moment())}
    other = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
    with tempfile.TemporaryDirectory() as place:
        first = _built(repository, Path(place) / "first", epoch, umask=0o022)
        second = _built(repository, Path(place) / "a" / "second", epoch | other, umask=0o077)
        differing = sorted(name for name in first | second if first.get(name) != second.get(name))
    if differing:
        raise ReleaseError(f"two builds of the same commit differ: {', '.join(differing)}")
    out.mkdir(parents=True)
    for name, content in first.items():
        (out / name).write_bytes(content)
    write_sums(out)
    return sorted(out.iterdir())


def write_sums(folder: Path) -> None:
    """Write the hash of each file of a folder, as `sha256sum -c` reads it."""
    files = sorted(file for file in folder.iterdir() if file.name != SUMS)
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def _built(
    repository: Repository, place: Path, variables: dict[str, str], umask: int
) -> dict[str, bytes]:
    """Return the files of one build, by name."""
    tree, archives = place / "tree", place / "archives"
    tree.mkdir(parents=True)
    repository.extract(tree)
    for folder in FOLDERS:
        _hatchling("sdist", archives, tree / folder, variables, umask)
    for archive in sorted(archives.iterdir()):
        with tarfile.open(archive) as packed:
            unpack(packed, place)
        unpacked = place / archive.name.removesuffix(".tar.gz")
        _hatchling("wheel", archives, unpacked, variables, umask)
    return {file.name: file.read_bytes() for file in sorted(archives.iterdir())}


def _hatchling(target: str, out: Path, folder: Path, variables: dict[str, str], umask: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out],
        cwd=folder,
        env={**os.environ, **variables},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{folder.name}: {target}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    try:
        written = build(Repository(Path(__file__).parents[1]), Path(sys.argv[1]).absolute())
    except ReleaseError as error:
        sys.exit(f"error: {error}")
    print(*written, sep="\n")
