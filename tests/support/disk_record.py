"""A record of a program's changes to its files, by strace, and what a power cut leaves.

A record is the sequence of writes, truncations, creations, removals and syncs. After a
power cut at any place in it, the disk holds

- of each file, the synced content, and any sectors written since, or none: whole writes
  may be missing, later ones may be there, and any may be torn;
- of each directory, the synced names. A name that changed since may be in any state that
  it went through, even if its file was synced.

That is less than the usual file systems of Linux keep. It is what POSIX promises.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.server_process import installed

SECTOR = 512
END = -1
"""Where a write goes that names no place."""
_CALLS = (
    "write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,truncate,openat,open,creat,fallocate,"
    "unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,copy_file_range,"
    "sendfile,splice,sync_file_range,pwritev2"
)
_LINE = re.compile(
    r"(\d+) +(?:<\.\.\. )?(\w+)(?:\((.*?)| resumed>(.*?))(?: <unfinished \.\.\.>| = (.+))"
)
_DESCRIPTOR = re.compile(r"^\d+<(.*?)>")
_QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done: `write`, `cut`, `sync`, `name` or `unname`.

    `name` gives a path a new, empty file, or the file of the path in `data`.
    """

    what: str
    path: str
    data: bytes = b""
    at: int = 0


def traced(program: Sequence[str | Path], place: Path) -> list[Step]:
    """Return the steps of a program, and of all it starts, below a directory."""
    log = place.with_name(f"{place.name}.strace")
    strace = [installed("strace"), "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "1000000"]
    subprocess.run(
        [*strace, f"--trace={_CALLS}", f"--output={log}", *map(str, program)],
        check=True,
        timeout=240,
    )
    with log.open(encoding="ascii") as lines:
        return [step for step in _steps(lines) if step.path.startswith(str(place))]


def _steps(lines: Iterator[str]) -> Iterator[Step]:
    begun: dict[str, str] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            # A signal, or the end of a process; nothing else may go by unread.
            assert re.match(r"\d+ +(\+\+\+|---)", line), line[:200]
            continue
        process, call, arguments, rest, result = found.groups()
        if result is None:
            begun[process] = arguments
            if "sync" not in call and call != "openat":
                # Whatever was begun may have happened; a sync counts from its end.
                yield from _step(call, arguments, "0")
            continue
        if rest is None:
            yield from _step(call, arguments, result)
        elif "sync" in call or call == "openat":
            yield from _step(call, begun.pop(process) + rest, result)


def _step(call: str, arguments: str, result: str) -> Iterator[Step]:
    if result.startswith("-1") or call.startswith("mkdir"):
        return  # a directory is there as soon as something in it is
    target = _DESCRIPTOR.match(arguments)
    path = _text(target[1]).decode() if target else ""
    texts = [_text(text) for text, _ in _QUOTED.findall(arguments)]
    last = arguments.rpartition(",")[2].strip(" )")
    if "sync" in call:
        yield Step("sync", path)
    elif call == "pwrite64":
        yield Step("write", path, texts[0], int(last))
    elif call == "write":
        yield Step("write", path, texts[0], END)
    elif call == "ftruncate":
        yield Step("cut", path, at=int(last))
    elif call == "openat" and "O_TRUNC" not in arguments:
        opened = _DESCRIPTOR.match(result)
        if opened is not None and "O_CREAT" in arguments:
            yield Step("name", _text(opened[1]).decode())
    elif call.startswith("unlink"):
        yield Step("unname", texts[-1].decode())
    elif call == "rename":
        yield Step("name", texts[1].decode(), texts[0])
        yield Step("unname", texts[0].decode())
    else:
        # What the model does not know must not go by unseen.
        yield Step(f"unknown: {call}", path or texts[0].decode())


def _text(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", "")) if escaped.startswith("\\x") else b""


@dataclass
class _File:
    synced: bytes = b""
    since: list[Step] = field(default_factory=list)

    def content(self, chosen: Sequence[Step]) -> bytes:
        data = bytearray(self.synced)
        for step in chosen:
            if step.what == "cut":
                del data[step.at :]
                data.extend(bytes(step.at - len(data)))
            else:
                at = len(data) if step.at == END else step.at
                data.extend(bytes(max(0, at - len(data))))
                data[at : at + len(step.data)] = step.data
        return bytes(data)


class Disk:
    """The files of a record, up to some place in it; `before` are those that it began with."""

    def __init__(self, before: Mapping[str, bytes]) -> None:
        self._now = {path: _File(data) for path, data in before.items()}
        self._names: defaultdict[str, list[_File | None]] = defaultdict(lambda: [None])
        self._names.update({path: [file] for path, file in self._now.items()})

    def do(self, step: Step) -> None:
        """Go on by one step."""
        if step.what in {"write", "cut"}:
            self._now[step.path].since.append(step)
        elif step.what == "sync":
            self._sync(step.path)
        elif step.what == "unname":
            if self._now.pop(step.path, None) is not None:
                self._names[step.path].append(None)
        elif step.what == "name":
            if step.data:
                self._name(step.path, self._now[step.data.decode()])
            elif step.path not in self._now:
                self._name(step.path, _File())
        else:
            raise AssertionError(step)

    def _sync(self, path: str) -> None:
        if path in self._now:
            file = self._now[path]
            file.synced, file.since = file.content(file.since), []
            return
        for name, states in self._names.items():
            if name.rpartition("/")[0] == path:
                del states[:-1]

    def _name(self, path: str, file: _File) -> None:
        self._now[path] = file
        self._names[path].append(file)

    def killed(self) -> dict[str, bytes]:
        """What a killed program leaves: all that it did."""
        return {path: file.content(file.since) for path, file in self._now.items()}

    def cut_off(self, chance: Random, kept: float, *, torn: bool) -> dict[str, bytes]:
        """What a power cut leaves, with such a part of what was not synced; torn into sectors."""
        left = {}
        for path, states in self._names.items():
            file = states[-1] if chance.random() < kept else states[0]
            if 0 < kept < 1:
                file = chance.choice(states)
            if file is not None:
                since = [part for step in file.since for part in (_torn(step) if torn else (step,))]
                left[path] = file.content([step for step in since if chance.random() < kept])
        return left


def contents(place: Path) -> dict[str, bytes]:
    """Return all files below a directory."""
    return {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def put(files: Mapping[str, bytes], place: Path, target: Path) -> None:
    """Write files that were below one directory into another one."""
    for path, data in files.items():
        file = target / Path(path).relative_to(place)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _torn(step: Step) -> Iterator[Step]:
    if step.what != "write" or step.at == END:
        yield step
        return
    start = 0
    while start < len(step.data):
        end = start + SECTOR - (step.at + start) % SECTOR
        yield Step("write", step.path, step.data[start:end], step.at + start)
        start = end
