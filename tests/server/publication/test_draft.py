"""What is written appears when it is whole; nothing of the user's is touched, no half is left."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from headcount_server.publication.draft import drafted
from headcount_server.registry.schema import Schema
from support.toy_weeks import command, lived


def test_a_draft_stands_in_its_place_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    place = tmp_path / "new" / "out"
    with drafted(place) as draft:
        draft.write_text("whole", encoding="ascii")
        assert not place.exists()
    assert place.read_text(encoding="ascii") == "whole"
    assert list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, SystemExit])
def test_of_a_draft_that_fails_nothing_is_left_and_what_was_there_stays(
    tmp_path: Path, error: type[BaseException]
) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "mine").touch()

    def write() -> None:
        with drafted(place) as draft:
            draft.mkdir()
            (draft / "half").touch()
            raise error

    with pytest.raises(error):
        write()
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == [
        "out",
        "out/mine",
    ]


def test_a_draft_that_cannot_take_its_place_leaves_the_former_folder_there(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "mine").touch()

    def write_nothing() -> None:
        with drafted(place):
            pass

    with pytest.raises(FileNotFoundError):
        write_nothing()
    assert list(tmp_path.iterdir()) == [place]
    assert list(place.iterdir()) == [place / "mine"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "out"), [("export", "od"), ("export", "od.zip"), ("site", "--out=od")]
)
def test_folders_of_the_user_that_have_likely_names_are_left_alone(
    tmp_path: Path, toy_schema: Schema, toy_registry: Path, name: str, out: str
) -> None:
    database = lived(tmp_path / "headcount.db", toy_schema)
    place = out.removeprefix("--out=")
    mine = [tmp_path / f"{place}{suffix}" for suffix in (".part", ".former", ".tmp")]
    for folder in mine:
        folder.mkdir()
        (folder / "mine.txt").write_text("x", encoding="ascii")
    word = f"--out={tmp_path / place}" if name == "site" else str(tmp_path / place)
    for _ in range(2 if name == "site" else 1):
        result = command(name, "--database", database, "--registry", toy_registry, word)
        assert result.exit_code == 0, result.output
    assert (tmp_path / place).exists()
    assert all((folder / "mine.txt").exists() for folder in mine)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_told_to_end_leaves_no_half(tmp_path: Path, number: int) -> None:
    script = (
        "import sys, time, click; from pathlib import Path\n"
        "from headcount_server.commands.flags import Command\n"
        "from headcount_server.publication.draft import drafted\n"
        "@click.command(cls=Command)\n"
        "def write():\n"
        "    with drafted(Path(sys.argv[1])) as draft:\n"
        "        draft.mkdir(); print('writing', flush=True); time.sleep(60)\n"
        "write([])"
    )
    program = [sys.executable, "-c", script, str(tmp_path / "out")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(30) != 0
    assert list(tmp_path.iterdir()) == []
