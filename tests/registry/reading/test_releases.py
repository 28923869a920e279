"""A folder of release archives: the newest of each project declares, and only new ones are read."""

from __future__ import annotations

import sys
import tarfile
import time
import zipfile
from functools import partial
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount_registry.reading import archive, releases
from headcount_registry.reading.memory import SETTLED, Memory
from support.packaging import KEY, release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result
    from support.workbench import Bench

opened: list[str] = []
watching: list[bool] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and watching and isinstance(arguments[0], str | bytes | Path):
        opened.append(str(arguments[0]))


sys.addaudithook(_hook)


@pytest.fixture(name="archives_opened")
def _archives_opened() -> Iterator[Callable[[], set[str]]]:
    """Return the names of the archives that this process opened since the last call."""
    watching.append(True)

    def told() -> set[str]:
        names = {Path(name).name for name in opened}
        opened.clear()
        return {name for name in names if "-1.x-" in name}

    opened.clear()
    yield told
    watching.clear()


def run(bench: Bench, *options: str) -> Result:
    return bench.run(
        *("build", str(bench.root / "releases"), "--lock", str(bench.root / "registry.lock")),
        *("--out", str(bench.out), *options),
    )


def keys(bench: Bench) -> set[str]:
    """The keys that the built schemas declare, as PROJECT.KEY."""
    lines = (bench.root / "registry.lock").read_text().splitlines()
    found = (line for line in lines if '"retired": true' not in line and '"version"' not in line)
    return {line.split('"')[3] + "." + line.split('"key": "')[1].split('"')[0] for line in found}


def settle() -> None:
    """Wait until a further change of a file bears another time."""
    time.sleep(1.5 * SETTLED / 1e9)


@pytest.mark.slow
def test_of_each_project_the_newest_release_declares(bench: Bench) -> None:
    folder = bench.root / "releases"
    release(folder, "poll", "1.x-1.9.0", "old", timestamp=1_900_000_000)
    release(folder, "poll", "1.x-1.10.0", "old", "new")
    release(folder, "poll", "1.x-2.0.0-beta1", "beta", timestamp=2_000_000_000)
    release(folder / "more" / "shop", "shop", "1.x-1.0.0-rc2", "till", ending="tar.gz")
    release(folder, "shop", "1.x-1.0.0-rc1", "counter")
    release(folder, "plain", "1.x-1.0.0")
    assert run(bench).exit_code == 0
    assert keys(bench) == {"poll.old", "poll.new", "shop.till"}


def test_two_forms_of_one_release_are_one(bench: Bench) -> None:
    for ending in ("zip", "tar.gz"):
        release(bench.root / "releases", "poll", "1.x-1.0.0", "k", ending=ending)
    assert run(bench).exit_code == 0
    assert keys(bench) == {"poll.k"}


def test_archives_that_nobody_packaged_stand_for_themselves(bench: Bench) -> None:
    """Of the same key in two of them, neither is the newer, and both are named."""
    folder = bench.root / "releases"
    folder.mkdir()
    for name in ("poll-a.zip", "poll-b.zip"):
        with zipfile.ZipFile(folder / name, "w") as packed:
            packed.writestr("poll/poll.info", KEY.format(key="k"))
    result = run(bench)
    assert result.exit_code == 1
    assert "poll-a.zip" in result.stderr
    assert "poll-b.zip" in result.stderr


@pytest.mark.slow
def test_unchanged_archives_are_not_opened_again(
    bench: Bench, archives_opened: Callable[[], set[str]]
) -> None:
    folder = bench.root / "releases"
    for number in range(5):
        release(folder, f"poll_{number}", "1.x-1.0.0", "k")
    settle()
    assert "5 archives read, 0 unchanged" in run(bench).stdout
    assert len(archives_opened()) == 5
    before = {path: path.read_bytes() for path in bench.out.rglob("*") if path.is_file()}
    assert "0 archives read, 5 unchanged" in run(bench).stdout
    assert archives_opened() == set()
    release(folder, "shop", "1.x-1.0.0", "till")
    release(folder, "poll_1", "1.x-1.1.0", "k", "more")
    settle()
    archives_opened()
    assert "2 archives read, 5 unchanged" in run(bench).stdout
    assert archives_opened() == {"shop-1.x-1.0.0.zip", "poll_1-1.x-1.1.0.zip"}
    after = {path: path.read_bytes() for path in before}
    assert {p.parent.name for p in before if before[p] != after[p]} <= {
        *("generated", "poll_1_telemetry", "v1")
    }
    others = [p for p in before if "poll_1" not in str(p) and p.parent != bench.out]
    assert others
    assert all(before[path] == after[path] for path in others)


@pytest.mark.slow
def test_what_is_remembered_gives_the_same_bytes_as_what_is_read(bench: Bench) -> None:
    for number in range(3):
        release(bench.root / "releases", f"poll_{number}", "1.x-1.0.0", "k")
    settle()
    run(bench)
    remembered = {path: path.read_bytes() for path in bench.out.rglob("*") if path.is_file()}
    (bench.root / "registry.releases.json").unlink()
    assert "3 archives read" in run(bench).stdout
    assert {path: path.read_bytes() for path in remembered} == remembered


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"format": 1, "archives": {"a": 1}}'])
def test_a_memory_that_is_none_of_ours_tells_nothing(bench: Bench, text: str) -> None:
    release(bench.root / "releases", "poll", "1.x-1.0.0", "k")
    (bench.root / "registry.releases.json").write_text(text)
    assert "1 archive read, 0 unchanged" in run(bench).stdout
    assert keys(bench) == {"poll.k"}


@pytest.mark.slow
def test_a_change_in_the_moment_of_a_build_is_seen_by_the_next(bench: Bench) -> None:
    """The size is the same, and the clock of the file system may be too coarse to tell."""
    folder = bench.root / "releases"
    for key in ("kept", "gone", "back", "last"):
        release(folder, "poll", "1.x-1.0.0", key)
        run(bench)
        assert keys(bench) == {f"poll.{key}"}


def test_a_file_younger_than_its_clock_can_tell_is_not_remembered(tmp_path: Path) -> None:
    path = release(tmp_path, "poll", "1.x-1.0.0", "k")
    moment = max(path.stat().st_mtime_ns, path.stat().st_ctime_ns)
    for later, known in ((SETTLED, False), (SETTLED + 1, True)):
        memory = Memory(now=partial(add, moment, later))
        assert memory.recall(path) is None
        memory.keep(path, releases.contents(archive.unpack(path)))
        assert (Memory(memory.text()).recall(path) is not None) is known


@pytest.mark.slow
def test_damaged_archives_are_all_named_and_nothing_is_lost(bench: Bench) -> None:
    folder = bench.root / "releases"
    for name in ("poll", "shop", "wall"):
        release(folder, name, "1.x-1.0.0", "k")
    settle()
    assert run(bench).exit_code == 0
    files = {path: path.read_bytes() for path in bench.root.rglob("*") if path.is_file()}
    (folder / "poll-1.x-1.0.0.zip").write_bytes(b"PK\x03\x04 half of it")
    (folder / "gate-1.x-1.0.0.tar.gz").write_bytes(b"\x1f\x8b\x08")
    result = run(bench)
    assert result.exit_code == 1
    assert {line.split(": damaged")[0] for line in result.stderr.splitlines()} == {
        str(folder / "poll-1.x-1.0.0.zip"),
        str(folder / "gate-1.x-1.0.0.tar.gz"),
    }
    changed = [
        path.name
        for path, data in files.items()
        if path.read_bytes() != data and path.parent != folder
    ]
    assert changed == ["registry.releases.json"]  # which has forgotten the damaged one
    (folder / "gate-1.x-1.0.0.tar.gz").unlink()
    (folder / "poll-1.x-1.0.0.zip").write_bytes(files[folder / "poll-1.x-1.0.0.zip"])
    assert "1 archive read, 2 unchanged" in run(bench).stdout


def test_a_hostile_archive_is_refused_by_its_name(bench: Bench) -> None:
    folder = bench.root / "releases"
    release(folder, "poll", "1.x-1.0.0", "k")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("bomb/zeros.bin", bytes(8 << 20))
    with tarfile.open(folder / "link.tar.gz", "w:gz") as opened_tar:
        member = tarfile.TarInfo("link/link.info")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened_tar.addfile(member)
    with zipfile.ZipFile(folder / "root.zip", "w") as packed:
        packed.writestr("/etc/root.info", "telemetry[k] = K")
    result = run(bench)
    assert result.exit_code == 1
    for name, why in (
        ("bomb.zip", "unpacks to more than"),
        ("link.tar.gz", "is a link"),
        ("root.zip", "leads out of it"),
    ):
        (line,) = [each for each in result.stderr.splitlines() if name in each]
        assert why in line
    assert not bench.out.exists()


@pytest.mark.slow
def test_a_link_out_of_the_folder_is_refused_and_one_within_is_passed_over(bench: Bench) -> None:
    folder = bench.root / "releases"
    newest = release(folder, "poll", "1.x-1.0.0", "k")
    (folder / "poll.zip").symlink_to(newest)
    settle()
    assert "1 archive read" in run(bench).stdout
    elsewhere = release(bench.root / "elsewhere", "shop", "1.x-1.0.0", "k")
    (folder / "shop.zip").symlink_to(elsewhere)
    result = run(bench)
    assert result.exit_code == 1
    assert "is a link that leads out of" in result.stderr


@pytest.mark.slow
def test_a_checkout_with_archives_in_it_is_read_as_before(bench: Bench) -> None:
    """Where declarations stand as files, archives beside them are somebody's test data."""
    bench.write("toy.info", KEY.format(key="k"))
    release(bench.declarations / "tests", "poll", "1.x-1.0.0", "k")
    result = bench.run_build()
    assert result.exit_code == 0
    assert "archive" not in result.stdout
    assert not (bench.declarations / "registry.releases.json").exists()


def test_check_writes_no_memory(bench: Bench) -> None:
    release(bench.root / "releases", "poll", "1.x-1.0.0", "k")
    run(bench, "--check")
    assert not (bench.root / "registry.releases.json").exists()
