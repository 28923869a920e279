from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.workbench import Bench

KEY = "telemetry[k][type] = boolean\ntelemetry[k][label] = Some words\n"


@pytest.mark.slow
def test_a_build_says_what_it_did_and_what_is_new(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    result = bench.run_build()
    assert result.exit_code == 0
    assert result.stdout == "1 project, 2 keys\nnew: toy.version, toy.k\n"
    assert "warning: project `toy` does not say its homepage" in result.stderr
    bench.write("toy.info", KEY.replace("[k]", "[other_key]"))
    assert bench.run_build().stdout == ("1 project, 2 keys\nnew: toy.other_key\nretired: toy.k\n")
    bench.write("toy.info", KEY)
    assert bench.run_build().stdout == (
        "1 project, 2 keys\nretired: toy.other_key\ndeclared again: toy.k\n"
    )


def test_errors_are_printed_with_file_and_line_and_nothing_is_written(bench: Bench) -> None:
    path = bench.write("toy.info", KEY + "telemetry[k][typo] = x\n")
    result = bench.run_build()
    assert result.exit_code == 1
    assert f"{path}:3:1: error: there is no attribute `typo`" in result.stderr
    assert result.stderr.endswith("1 error; nothing written\n")
    assert result.stdout == ""
    assert not bench.out.exists()
    assert not bench.lock.exists()


@pytest.mark.slow
def test_check_writes_nothing_and_names_what_is_out_of_date(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    result = bench.run_build("--check")
    assert result.exit_code == 1
    assert f"{bench.lock}: missing\n" in result.stderr
    assert not bench.out.exists()
    bench.run_build()
    assert bench.run_build("--check").exit_code == 0
    keys = bench.out / "clients" / "toy_telemetry" / "keys.py"
    keys.write_text(keys.read_text() + "\n")
    result = bench.run_build("--check")
    assert result.exit_code == 1
    assert f"{keys}: differs\n" in result.stderr
    assert "1 file out of date; run `headcount-registry build` without --check" in result.stderr


@pytest.mark.slow
def test_check_names_files_of_a_project_that_is_gone(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    old = bench.write("old.info", KEY)
    bench.run_build()
    old.unlink()
    result = bench.run_build("--check")
    assert "old_telemetry/keys.py: of a project that is no longer declared" in result.stderr
    assert (bench.out / "clients" / "old_telemetry" / "keys.py").exists()


@pytest.mark.parametrize(
    "arguments",
    [("build",), ("build", "x"), ("build", "no-such-file", "--out", "out"), ("bulid",)],
)
def test_misuse_ends_with_status_2(bench: Bench, arguments: tuple[str, ...]) -> None:
    result = bench.run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_nothing_declared_is_an_error_and_retires_nothing(bench: Bench) -> None:
    path = bench.write("toy.info", KEY)
    bench.run_build()
    lock = bench.lock.read_bytes()
    path.write_text("name = Toy\n")
    result = bench.run_build()
    assert result.exit_code == 1
    assert "no .info file here declares anything" in result.stderr
    assert bench.lock.read_bytes() == lock


def test_a_damaged_lock_is_named_with_its_line(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    bench.write("registry.lock", "<<<<<<< HEAD\n")
    result = bench.run_build()
    assert result.exit_code == 1
    assert f"{bench.lock}:1: error: " in result.stderr
    assert "restore the line from version control" in result.stderr


def test_an_unreadable_lock_is_an_error(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    bench.lock.write_bytes(b"\xff\xfe")
    result = bench.run_build()
    assert result.exit_code == 1
    assert "registry.lock: cannot be read" in result.stderr


@pytest.mark.slow
def test_the_lock_stands_in_the_first_directory_or_beside_the_file(bench: Bench) -> None:
    path = bench.write("deep/toy.info", KEY)
    bench.run("build", str(path), "--out", str(bench.out))
    assert (path.parent / "registry.lock").exists()
    elsewhere = bench.root / "numbers.lock"
    bench.run_build("--lock", str(elsewhere))
    assert elsewhere.exists()
    assert not bench.lock.exists()


@pytest.mark.slow
def test_colour_is_for_terminals(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    assert "\x1b" not in bench.run_build().stderr


def test_help_names_every_option_and_status(bench: Bench) -> None:
    text = bench.run("--help").output + bench.run("build", "--help").output
    assert all(word in text for word in ("--out", "--lock", "--check", "PATH...", "Exit status"))


def test_a_file_that_is_not_utf_8_is_a_finding(bench: Bench) -> None:
    bench.write("toy.info", "")
    Path(bench.declarations / "toy.info").write_bytes(
        KEY.encode() + b"telemetry[k][owner] = J\xf6rg\n"
    )
    result = bench.run_build()
    assert result.exit_code == 1
    assert "toy.info:3:1: error: not valid UTF-8; save the file as UTF-8" in result.stderr
