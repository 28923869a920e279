"""A week key makes tokens unreadable for good once it is destroyed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from headcount_server.errors import StoreError
from headcount_server.store.sqlite.week_key_files import WeekKeys
from headcount_server.store.token_hash import KEY_BYTES
from headcount_server.week import Week

W46, W47 = Week(2026, 46), Week(2026, 47)
TOKEN = bytes(range(16))


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_key_is_a_file_that_only_the_server_can_read(directory: Path) -> None:
    WeekKeys(directory).create(W47)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (path,) = directory.iterdir()
    assert path.name == "2026-W47.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(set(path.read_bytes())) > 1
    assert path.stat().st_size == KEY_BYTES


def test_the_hash_of_a_token_survives_a_restart(directory: Path) -> None:
    checks: dict[Week, bytes] = {}
    before, after = WeekKeys(directory, checks), WeekKeys(directory, checks)
    before.create(W47)
    after.load(W47)
    assert after.hasher(W47, "toy")(TOKEN) == before.hasher(W47, "toy")(TOKEN)


def test_the_hash_tells_nothing_that_links_weeks_projects_or_servers(tmp_path: Path) -> None:
    one, other = WeekKeys(tmp_path / "one"), WeekKeys(tmp_path / "other")
    for keys in (one, other):
        keys.create(W46)
        keys.create(W47)
    hashes = {
        one.hasher(W46, "toy")(TOKEN),
        one.hasher(W47, "toy")(TOKEN),
        one.hasher(W47, "bee")(TOKEN),
        one.hasher(W47, "toy")(bytes(16)),
        other.hasher(W47, "toy")(TOKEN),
    }
    assert len(hashes) == 5
    assert {len(hashed) for hashed in hashes} == {16}
    assert TOKEN not in hashes


def test_week_and_project_are_in_the_hash_and_not_only_in_the_key(directory: Path) -> None:
    keys = WeekKeys(directory)
    keys.create(W46)
    (directory / "2026-W47.key").write_bytes((directory / "2026-W46.key").read_bytes())
    keys.load(W47)
    assert keys.hasher(W46, "toy")(TOKEN) != keys.hasher(W47, "toy")(TOKEN)
    assert keys.hasher(W47, "a")(b"b" * 16) != keys.hasher(W47, "ab")(b"b" * 16)


def test_destroying_leaves_the_keys_of_open_weeks_alone(directory: Path) -> None:
    keys = WeekKeys(directory)
    keys.create(W46)
    keys.create(W47)
    before = keys.hasher(W47, "toy")(TOKEN)
    keys.destroy_all_but({W47})
    assert [path.name for path in directory.iterdir()] == ["2026-W47.key"]
    assert keys.hasher(W47, "toy")(TOKEN) == before
    with pytest.raises(KeyError):
        keys.hasher(W46, "toy")(TOKEN)


def test_one_key_that_cannot_be_destroyed_keeps_none_of_the_others(directory: Path) -> None:
    keys = WeekKeys(directory)
    for week in (W46, W47):
        keys.create(week)
    obstacles = [directory / f"{week}.key" for week in ("2026-W01", "2026-W99")]
    for obstacle in obstacles:
        obstacle.mkdir()
    with pytest.raises(IsADirectoryError):
        keys.destroy_all_but(set())
    assert sorted(directory.iterdir()) == obstacles


def test_a_key_and_the_way_to_it_are_durable_before_the_key_is_used(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    WeekKeys(directory).create(W47)
    assert synced[-2:] == ["2026-W47.new", "keys"]
    assert directory.parent.name in synced
    assert [path.name for path in directory.iterdir()] == ["2026-W47.key"]


def test_a_key_is_overwritten_before_it_is_removed(directory: Path, tmp_path: Path) -> None:
    keys = WeekKeys(directory)
    keys.create(W46)
    other_name = tmp_path / "link"
    other_name.hardlink_to(directory / "2026-W46.key")
    keys.destroy_all_but(set())
    assert other_name.read_bytes() == bytes(KEY_BYTES)


def test_a_key_that_a_crash_left_behind_is_destroyed_though_nobody_loaded_it(
    directory: Path,
) -> None:
    checks: dict[Week, bytes] = {}
    WeekKeys(directory, checks).create(W46)
    WeekKeys(directory, checks).destroy_all_but(set())
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("left", ["2026-W47.new", "2026-W46.key"])
def test_what_a_crash_left_of_a_key_is_destroyed_when_one_is_made(
    directory: Path, left: str
) -> None:
    directory.mkdir()
    (directory / left).write_bytes(bytes(KEY_BYTES) if left.endswith("key") else b"half")
    WeekKeys(directory).create(W47)
    assert [path.name for path in directory.iterdir()] == ["2026-W47.key"]


def test_the_check_value_is_recorded_before_there_is_a_key(directory: Path) -> None:
    found: list[list[Path]] = []
    keys = WeekKeys(directory)
    keys.create(W47, record=lambda _: found.append(list(directory.iterdir())))
    assert found == [[]]


def test_a_key_of_another_database_is_neither_replaced_nor_destroyed(directory: Path) -> None:
    WeekKeys(directory).create(W47)
    (path,) = directory.iterdir()
    theirs = path.read_bytes()
    ours = WeekKeys(directory)
    told = r"2026-W47\.key: a key that this database knows nothing of"
    with pytest.raises(StoreError, match=told):
        ours.create(W47)
    with pytest.raises(StoreError, match=told):
        ours.destroy_all_but(set())
    with pytest.raises(StoreError, match=told):
        ours.refuse_strangers(set())
    assert path.read_bytes() == theirs


@pytest.mark.parametrize("bit", [0, 100, 255])
def test_a_key_with_one_flipped_bit_is_refused(directory: Path, bit: int) -> None:
    checks: dict[Week, bytes] = {}
    WeekKeys(directory, checks).create(W47)
    (path,) = directory.iterdir()
    key = bytearray(path.read_bytes())
    key[bit // 8] ^= 1 << bit % 8
    path.write_bytes(key)
    with pytest.raises(StoreError, match="not the key that 2026-W47 was counted with"):
        WeekKeys(directory, checks).load(W47)


def test_nothing_to_destroy_is_no_error(directory: Path) -> None:
    WeekKeys(directory).destroy_all_but(set())
    assert not directory.exists()


@pytest.mark.parametrize("content", [None, b"", b"short", bytes(KEY_BYTES + 1)])
def test_a_missing_or_damaged_key_of_an_open_week_is_refused_with_the_remedy(
    directory: Path, content: bytes | None
) -> None:
    directory.mkdir()
    if content is not None:
        (directory / "2026-W47.key").write_bytes(content)
    with pytest.raises(StoreError, match=r"2026-W47\.key.* put "):
        WeekKeys(directory).load(W47)
