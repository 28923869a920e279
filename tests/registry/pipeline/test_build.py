from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headcount_registry.errors import OutputError
from headcount_registry.pipeline import output
from headcount_registry.pipeline.build import build

if TYPE_CHECKING:
    from support.workbench import Bench

KEY = "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n"


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_the_same_declarations_give_the_same_bytes_whatever_the_order_of_files(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{name}.info": f"project = toy\n{KEY.replace('[k]', f'[{name}]')}" for name in "abcd"}
    for name, text in files.items():
        bench.write(name, text)
    everything = build([bench.declarations], bench.lock)
    paths = [bench.declarations / name for name in reversed(files)]
    one_by_one = build(paths, bench.lock)
    monkeypatch.chdir(tmp_path)
    elsewhere = build([Path("declarations"), paths[0]], bench.lock)
    for other in (one_by_one, elsewhere):
        assert (other.files, other.lock) == (everything.files, everything.lock)


@pytest.mark.slow
def test_building_twice_changes_nothing(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    bench.build()
    before = {path: path.stat().st_mtime_ns for path in bench.root.rglob("*") if path.is_file()}
    bench.build()
    assert before == {
        path: path.stat().st_mtime_ns for path in bench.root.rglob("*") if path.is_file()
    }


@pytest.mark.slow
def test_nothing_of_where_it_was_built_is_in_the_files(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    bench.build()
    place = str(bench.root).encode()
    assert not [name for name, data in snapshot(bench.out).items() if place in data]


@pytest.mark.slow
def test_files_of_a_project_that_is_gone_are_removed_and_others_stay(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    old = bench.write("old.info", KEY)
    bench.build()
    mine = bench.out / "clients" / "mine_telemetry" / "keys.py"
    mine.parent.mkdir()
    mine.write_text("# written by hand\n")
    old.unlink()
    built = bench.build()
    names = snapshot(bench.out)
    assert not [name for name in names if "old" in name]
    assert not (bench.out / "clients" / "old_telemetry").exists()
    assert mine.exists()
    assert built.changes.retired == ("old.version", "old.k")


def test_a_file_that_is_not_ours_is_not_overwritten(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    mine = bench.out / "clients" / "toy_telemetry" / "keys.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("# written by hand\n")
    with pytest.raises(OutputError, match=r"keys\.py: was not written by headcount-registry"):
        bench.build()
    assert mine.read_text() == "# written by hand\n"
    assert not bench.lock.exists()


@pytest.mark.slow
def test_if_one_file_cannot_be_put_in_its_place_all_stay_as_they_were(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write("toy.info", KEY)
    gone = bench.write("gone.info", KEY)
    bench.build()
    gone.unlink()
    bench.write("toy.info", KEY + KEY.replace("[k]", "[more]"))
    before = snapshot(bench.root)
    exchange = Path.replace
    steps = last = 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal steps
        steps += 1
        if steps == last:
            raise OSError(28, "No space left on device", str(target))
        return exchange(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    for failing_step in range(1, 6):
        steps, last = 0, failing_step
        with pytest.raises(OutputError, match="No space left on device; nothing was changed"):
            bench.build()
        assert snapshot(bench.root) == before


@pytest.mark.slow
def test_if_a_file_cannot_be_staged_nothing_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write("toy.info", KEY)
    built = build([bench.declarations], bench.lock)
    before = snapshot(bench.root)

    def full(self: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    todo = output.plan(built.files, bench.out, bench.lock, built.lock)
    with pytest.raises(OutputError, match="nothing was changed"):
        output.apply(todo, bench.out)
    assert snapshot(bench.root) == before


@pytest.mark.slow
def test_a_directory_in_the_place_of_a_file_is_refused_before_anything_is_written(
    bench: Bench,
) -> None:
    bench.write("toy.info", KEY)
    (bench.out / "registry.binpb").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"registry\.binpb: cannot be read"):
        bench.build()
    assert not bench.lock.exists()
