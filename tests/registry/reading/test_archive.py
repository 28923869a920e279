"""Declarations out of release archives and checkouts that nobody vouches for."""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import subprocess
import tarfile
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from headcount_registry.errors import ArchiveError, SourceError
from headcount_registry.pipeline.build import build
from headcount_registry.reading import archive
from headcount_registry.reading.archive import unpack
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.workbench import Bench

POLL = """\
telemetry[k][type] = list
telemetry[k][label] = Some words
telemetry[k][catalogue] = lists/modules.txt
telemetry[k][description] = What it is.
telemetry[k][purpose] = Decide something.
telemetry[k][issue] = https://toymakers.org/1
telemetry[k][owner] = Ann
"""
FILES = {
    "poll/poll.info": POLL.encode(),
    "poll/lists/modules.txt": b"one\ntwo\n",
    "poll/.hidden/other.info": b"telemetry[hidden] = Never read\n",
    "poll/poll.module": b"<?php // code\n",
}
NAMES = ("poll.zip", "poll.tar.gz", "poll.tgz")


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as opened:
        for member, data in members:
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    return path


def pack(path: Path, files: dict[str, bytes]) -> Path:
    if path.suffix != ".zip":
        return tar(path, *((tarfile.TarInfo(name), data) for name, data in files.items()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_archive_builds_as_the_directory_in_it(bench: Bench, name: str) -> None:
    for path, data in FILES.items():
        bench.write(path, data.decode())
    plain = bench.build()
    packed = build([pack(bench.root / name, FILES)], bench.root / "other.lock")
    assert (packed.files, packed.lock) == (plain.files, plain.lock)


@pytest.mark.parametrize("name", NAMES)
def test_findings_name_the_archive_and_the_file_in_it(bench: Bench, name: str) -> None:
    path = pack(bench.root / name, {"poll/poll.info": POLL.encode()})
    result = bench.run("build", str(path), "--out", str(bench.out))
    assert result.exit_code == 1
    assert f"{path}/poll/poll.info:3:" in result.stderr
    assert "there is no file" in result.stderr


@pytest.mark.slow
def test_what_a_newly_released_module_adds_is_seen_before_the_server_takes_it(
    bench: Bench,
) -> None:
    bench.write("toy.info", "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n")
    bench.build()
    path = pack(bench.root / "poll.zip", FILES)
    result = bench.run("diff", str(bench.out / "registry.binpb"), str(path), "--project", "poll")
    assert result.exit_code == 0
    assert "added     k: a new key, Some words (list)  [asks people]" in result.stdout


@pytest.mark.slow
def test_the_lock_stands_beside_an_archive(bench: Bench) -> None:
    path = pack(bench.root / "poll.zip", FILES)
    assert bench.run("build", str(path), "--out", str(bench.out)).exit_code == 0
    assert (bench.root / "registry.lock").exists()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def zip_link(path: Path) -> Path:
    member = zipfile.ZipInfo("poll/link.info")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(member, "/etc/passwd")
    return path


def zeros(path: Path, size: int, members: int = 1) -> Path:
    """Members of so many zeros, which pack a thousandfold."""
    return pack(path, {f"poll/{count}.bin": bytes(size) for count in range(members)})


def twice(path: Path) -> Path:
    if path.suffix != ".zip":
        return tar(path, *((tarfile.TarInfo("poll/poll.info"), POLL.encode()) for _ in range(2)))
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("poll/poll.info", POLL)
        with pytest.warns(UserWarning, match="Duplicate name"):
            opened.writestr("poll/poll.info", POLL)
    return path


HOSTILE: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "a path upwards (zip)": (
        "a.zip",
        lambda path: pack(path, {"../poll.info": b""}),
        "leads out of it",
    ),
    "a path upwards (tar)": (
        "a.tar.gz",
        lambda path: pack(path, {"poll/../../poll.info": b""}),
        "leads out of it",
    ),
    "an absolute path (zip)": (
        "a.zip",
        lambda path: pack(path, {"/etc/poll.info": b""}),
        "leads out of it",
    ),
    "an absolute path (tar)": (
        "a.tar.gz",
        lambda path: tar(path, (tarfile.TarInfo("/etc/poll.info"), b"")),
        "leads out of it",
    ),
    "a drive (zip)": ("a.zip", lambda path: pack(path, {"C:poll.info": b""}), "leads out of it"),
    "a backslash (tar)": (
        "a.tar.gz",
        lambda path: pack(path, {"..\\poll.info": b""}),
        "leads out of it",
    ),
    "a line break (tar)": (
        "a.tar.gz",
        lambda path: pack(path, {"poll\n.info": b""}),
        "or is none",
    ),
    "a link (zip)": ("a.zip", zip_link, "is a link or a device"),
    "a symbolic link (tar)": (
        "a.tar.gz",
        lambda path: tar(path, (link("poll/poll.info", "/etc/passwd"), b"")),
        "is a link or a device",
    ),
    "a hard link (tar)": (
        "a.tar.gz",
        lambda path: tar(path, (link("poll/poll.info", "x", tarfile.LNKTYPE), b"")),
        "is a link or a device",
    ),
    "a device (tar)": (
        "a.tar.gz",
        lambda path: tar(path, (link("poll/poll.info", "", tarfile.CHRTYPE), b"")),
        "is a link or a device",
    ),
    "a bomb of one file (zip)": ("a.zip", lambda path: zeros(path, 8 << 20), "100 times its size"),
    "a bomb of one file (tar)": (
        "a.tar.gz",
        lambda path: zeros(path, 8 << 20),
        "100 times its size",
    ),
    "a bomb of many files (tar)": (
        "a.tar.gz",
        lambda path: zeros(path, 1 << 16, 100),
        "100 times its size",
    ),
    "many files (zip)": ("a.zip", lambda path: zeros(path, 0, 20_001), "more than 20000 files"),
    "many files (tar)": (
        "a.tar.gz",
        lambda path: tar(
            path, *((tarfile.TarInfo(f"{n}-{os.urandom(8).hex()}"), b"") for n in range(20_001))
        ),
        "more than 20000 files",
    ),
    "a file twice (zip)": ("a.zip", twice, "holds `poll/poll.info` twice"),
    "a file twice (tar)": ("a.tar.gz", twice, "holds `poll/poll.info` twice"),
    "a large declaration (zip)": (
        "a.zip",
        lambda path: pack(path, {"poll.info": os.urandom(5 << 20)}),
        "`poll.info` is larger than 4 MiB",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_as_a_whole(bench: Bench, case: str) -> None:
    name, make, reason = HOSTILE[case]
    path = make(bench.root / name)
    result = bench.run("build", str(path), "--out", str(bench.out))
    assert result.exit_code == 1
    assert f"{path}: refused, nothing of it is read" in result.stderr
    assert reason in result.stderr
    assert sorted(bench.root.iterdir()) == [path]


@pytest.mark.slow
def test_a_bomb_is_given_up_long_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    member = tarfile.TarInfo("zeros")
    member.size = 1 << 31
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packed:
        packed.write(member.tobuf())
        for _ in range(256):
            packed.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="100 times its size"):
            unpack(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


def test_a_size_that_the_directory_of_a_zip_hides_does_not_get_past_the_bounds(
    tmp_path: Path,
) -> None:
    path = zeros(tmp_path / "a.zip", 8 << 20)
    data = path.read_bytes()
    path.write_bytes(data.replace((8 << 20).to_bytes(4, "little"), (1).to_bytes(4, "little")))
    with pytest.raises(ArchiveError):
        unpack(path)


def test_an_archive_that_is_too_large_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path / "a.zip", FILES)
    monkeypatch.setattr(archive, "MAX_PACKED", 100)
    with pytest.raises(ArchiveError, match="is larger than"):
        unpack(path)


def test_many_small_files_are_given_up_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_KEPT", 1 << 20)
    path = pack(tmp_path / "a.tar.gz", {f"{n}.php": os.urandom(1 << 18) for n in range(5)})
    with pytest.raises(ArchiveError, match="in small files"):
        unpack(path)


@pytest.mark.slow
def test_large_files_that_declare_nothing_are_passed_over(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar.gz", FILES | {"poll/video.bin": os.urandom(5 << 20)})
    assert unpack(path) == FILES


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_damaged_archive_is_an_error_without_a_traceback(bench: Bench, name: str) -> None:
    whole = pack(bench.root / name, FILES).read_bytes()
    for data in (b"", b"no archive", whole[: len(whole) // 2], whole[:-9]):
        (bench.root / name).write_bytes(data)
        result = bench.run("build", str(bench.root / name), "--out", str(bench.out))
        assert result.exit_code == 1
        assert f"{bench.root / name}: " in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_is_told_in_whatever_way_it_is_packed(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as made:
        made.writestr("poll/poll.info", b"name = Poll\n" * 400)
    data = bytearray(path.read_bytes())
    start = 30 + len("poll/poll.info")
    data[start + 9 : start + 30] = bytes(255 - each for each in data[start + 9 : start + 30])
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=rf"^{re.escape(str(path))}: damaged: (?!None).+; fetch"):
        unpack(path)


@pytest.mark.slow
@given(st.binary(max_size=300), st.integers(0, 2000), st.sampled_from(["zip", "tar.gz"]))
def test_no_bytes_bring_it_down(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, ending: str
) -> None:
    path = pack(tmp_path_factory.mktemp("noise") / f"a.{ending}", FILES)
    data = path.read_bytes()
    place %= len(data)
    path.write_bytes(data[:place] + noise + data[place + len(noise) :])
    said = f"{path}: "
    try:
        unpack(path)
    except ArchiveError as error:
        said = str(error)
    assert said.startswith(f"{path}: ")


@pytest.mark.slow
def test_a_checkout_is_read_without_its_hidden_parts(bench: Bench) -> None:
    bench.write("toy.info", "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], cwd=bench.declarations, check=True)
    (bench.declarations / ".git" / "hook.info").write_text("telemetry[hidden] = No\n")
    names = {key.name for key in bench.build().registry.projects[0].keys}
    assert names == {"version", "k"}


@pytest.mark.slow
def test_links_that_lead_out_of_a_directory_are_refused(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("one\n")
    bench.write("poll.info", POLL.replace("lists/modules.txt", "modules.txt"))
    (bench.declarations / "modules.txt").symlink_to(secret)
    with pytest.raises(SourceError, match=r"modules\.txt: is a link that leads out"):
        bench.build()
    (bench.declarations / "modules.txt").unlink()
    (bench.declarations / "modules.txt").write_text("one\n")
    bench.build()
    (bench.declarations / "evil.info").symlink_to(secret)
    with pytest.raises(SourceError, match=r"evil\.info: is a link that leads out"):
        bench.build()


@pytest.mark.slow
def test_links_within_a_directory_are_followed(bench: Bench) -> None:
    bench.write("lists/all.txt", "one\n")
    bench.write("poll.info", POLL.replace("lists/modules.txt", "modules.txt"))
    (bench.declarations / "modules.txt").symlink_to(bench.declarations / "lists" / "all.txt")
    (key,) = (key for key in bench.build().registry.projects[0].keys if key.name == "k")
    assert key.catalogue == ("one",)
