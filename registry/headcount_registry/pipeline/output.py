"""The output of a build, written to the disk: all files or none."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount_registry.emitters.consent_text import FILE
from headcount_registry.emitters.text import MARKER
from headcount_registry.errors import OutputError
from headcount_registry.pipeline.build import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

_MARKED = frozenset({".py", ".proto", ".md"})
_UNMARKED = ("py.typed", FILE)
_BESIDE = ".headcount-registry-"


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that bring the disk in line with a build: paths to write, paths to remove."""

    write: Mapping[Path, bytes]
    remove: tuple[Path, ...]

    @property
    def out_of_date(self) -> tuple[str, ...]:
        """Return a line for each file that differs from the build."""
        lines = [(path, "differs" if path.exists() else "missing") for path in self.write]
        lines += [(path, "of a project that is no longer declared") for path in self.remove]
        return tuple(f"{path}: {state}" for path, state in sorted(lines))


def plan(
    files: Mapping[str, bytes],
    out: Path,
    lock_file: Path,
    lock: bytes,
    documents: Mapping[Path, bytes] | None = None,
) -> Plan:
    """Compare the disk with a build, including its lock and documents elsewhere.

    Raises `OutputError` if a file is not ours.
    """
    wanted = {out / path: data for path, data in files.items()}
    wanted |= {lock_file: lock, **(documents or {})}
    return _plan(wanted, _built_before(out), _MARKED)


def plan_folder(files: Mapping[str, str], folder: Path) -> Plan:
    """Compare a folder with the marked files that it should hold.

    `files` maps a path below the folder to a text. The plan removes other marked files with
    the same endings from where these stand. Raises `OutputError` if a file is not ours.
    """
    wanted = {folder / name: text.encode() for name, text in sorted(files.items())}
    marked = {path.suffix for path in wanted}
    beside = (path for parent in {each.parent for each in wanted} for path in parent.glob("*"))
    present = (path for path in beside if path.suffix in marked and path.is_file())
    return _plan(wanted, filter(_is_ours, present), marked)


def _plan(wanted: Mapping[Path, bytes], before: Iterable[Path], marked: Container[str]) -> Plan:
    """Return the plan; `before` are an earlier run's files, `marked` endings of marked files."""
    write = {path: data for path, data in wanted.items() if _content(path) != data}
    for path in write:
        if path.suffix in marked and path.exists() and not _is_ours(path):
            raise OutputError(
                f"{path}: was not written by headcount-registry, so it is left alone;"
                " move it away, or choose another --out"
            )
    return Plan(write, tuple(sorted(path for path in before if path not in wanted)))


def apply(todo: Plan, out: Path) -> None:
    """Carry out a plan.

    Everything is first written beside its place. Then files are exchanged by renaming, and
    put back if one exchange fails. Raises `OutputError`, having changed nothing.
    """
    if not todo.write and not todo.remove:
        return
    undo: list[tuple[Path, Path | None]] = []
    stages: list[Path] = []
    try:
        staged = _stage(todo.write, out, stages)
        kept = _new_stage(_existing(out), stages)
        for count, path in enumerate((*staged, *todo.remove)):
            before = kept / str(count) if path.exists() else None
            undo.append((path, before))
            if before:
                shutil.move(path, before)
            if path in staged:
                staged[path].replace(path)
    except BaseException as error:
        _put_back(undo)
        if not isinstance(error, OSError):
            raise
        raise OutputError(
            f"{error.filename or out}: cannot be written: {error.strerror}; nothing was changed"
        ) from error
    finally:
        for stage in stages:
            shutil.rmtree(stage, ignore_errors=True)
        for path in (*todo.write, *todo.remove):
            if path.is_relative_to(out) and not path.exists():
                _remove_empty(path.parent, out)


def _stage(files: Mapping[Path, bytes], out: Path, stages: list[Path]) -> dict[Path, Path]:
    """Write each file on the file system of its place, all files of `out` into one directory."""
    staged: dict[Path, Path] = {}
    beside: dict[Path, Path] = {}
    for folder in {path.parent for path in files}:
        folder.mkdir(parents=True, exist_ok=True)
    for count, (path, data) in enumerate(files.items()):
        root = out if path.is_relative_to(out) else path.parent
        stage = beside.get(root) or _new_stage(root, stages)
        beside[root] = stage
        staged[path] = stage / str(count)
        staged[path].write_bytes(data)
    return staged


def _new_stage(parent: Path, stages: list[Path]) -> Path:
    stages.append(Path(tempfile.mkdtemp(prefix=_BESIDE, dir=parent)))
    return stages[-1]


def _existing(path: Path) -> Path:
    return path if path.exists() else path.parent


def _put_back(undo: list[tuple[Path, Path | None]]) -> None:
    for path, before in reversed(undo):
        if before is None:
            path.unlink(missing_ok=True)
        elif before.exists():
            shutil.move(before, path)


def _content(path: Path) -> bytes | None:
    """Return the content of a file, None if there is none. Raises `OutputError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}; move it away") from error


def _is_ours(path: Path) -> bool:
    """Return whether the first line bears the mark, or the second line of JSON."""
    lines = (_content(path) or b"").split(b"\n", 2)
    return MARKER.encode() in lines[1 if path.suffix == ".json" and len(lines) > 1 else 0]


def _built_before(out: Path) -> list[Path]:
    """Return every file below the output directory that an earlier build wrote."""
    protos = (out / "headcount" / "projects").rglob("report.proto")
    packages = [path for path in (out / CLIENTS).glob("*_telemetry") if path.is_dir()]
    modules = [path for package in packages for path in package.glob("*.py")]
    ours = [path for path in (*protos, *modules) if path.is_file() and _is_ours(path)]
    unmarked = [
        package / name
        for package in packages
        for name in _UNMARKED
        if package / "__init__.py" in ours and (package / name).exists()
    ]
    return [*ours, *unmarked]


def _remove_empty(folder: Path, out: Path) -> None:
    """Remove a folder and those above it, below `out`, as long as they are empty."""
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    while folder != out and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
