from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.repository import ROOT
from support.workbench import GOLDEN

if TYPE_CHECKING:
    from support.workbench import Bench

CLIENTS = GOLDEN / "every_type" / "expected" / "clients"

HOST = """\
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from toy_shop_telemetry import PROJECT, Collectors, Telemetry

if TYPE_CHECKING:
    from toy_shop_telemetry.keys import ServerOsValue


class Shop(Collectors):
    def multisite(self) -> bool:
        return True

    def server_os(self) -> ServerOsValue:
        return "WINNT"

    def modules(self) -> Iterable[str]:
        return ["views"]


client = Telemetry(Shop(), state_directory="state", environment={}, administrator_off=True)
assert PROJECT.keys[0].name == "version"
"""

MISTAKES = """\
from toy_shop_telemetry import Collectors


class Wrong(Collectors):
    def multisite(self) -> str:
        return "yes"


class Misspelt(Collectors):
    def pages(self) -> int:
        return 3

    def server_os(self):  # type: ignore[no-untyped-def]
        return "Linux"


class Undeclared(Collectors):
    def web_server(self) -> tuple[int, str]:
        return 80, "2"
"""

IMPORTS = """\
import sys
before = set(sys.modules)
import toy_shop_telemetry as toys
client = toys.Telemetry(toys.Collectors(), state_directory=sys.argv[1], environment={})
assert client.due() is False
heavy = ("grpc", "google.protobuf", "dataclasses", "logging", "typing", "headcount.v1")
found = [name for name in heavy if name in set(sys.modules) - before]
assert not found, found
assert "toy_shop_telemetry._schema" not in sys.modules
assert toys.PROJECT.schema().startswith(b"\\n")
"""


def run(*arguments: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(CLIENTS), "MYPYPATH": str(CLIENTS)},
        capture_output=True,
        text=True,
        check=False,
    )


def mypy(place: Path, text: str) -> list[str]:
    (place / "host.py").write_text(text)
    result = run("-m", "mypy", "--strict", "--cache-dir=cache", "host.py", place=place)
    return result.stdout.splitlines()


@pytest.mark.slow
def test_a_host_with_right_types_passes_the_strict_type_checker(tmp_path: Path) -> None:
    assert mypy(tmp_path, HOST) == ["Success: no issues found in 1 source file"]
    assert mypy(tmp_path, MISTAKES)[-1].startswith("Found 2 errors in 1 file")


@pytest.mark.slow
def test_generated_packages_themselves_pass_the_strict_type_checker(tmp_path: Path) -> None:
    result = run(
        "-m", "mypy", "--strict", "--cache-dir=cache", str(CLIENTS / "toy_shop_telemetry"),
        place=tmp_path,
    )  # fmt: skip
    assert result.stdout.startswith("Success")


@pytest.mark.slow
def test_importing_and_asking_what_is_due_brings_in_nothing_heavy(tmp_path: Path) -> None:
    result = run("-W", "error", "-c", IMPORTS, str(tmp_path / "state"), place=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert not (tmp_path / "state").exists()


def test_generated_packages_are_as_a_formatter_would_leave_them() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--check", "--no-cache", str(GOLDEN)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_a_text_cannot_break_out_of_its_docstring(bench: Bench) -> None:
    evil = 'Ends \\"""\nimport evil\n"""\\'.replace("\n", " ")
    bench.write(
        "toy.info",
        f"telemetry[k][type] = boolean\ntelemetry[k][label] = {evil}\n"
        f"telemetry[k][purpose] = {evil}\nheadcount[title] = {evil}\n",
    )
    bench.build()
    for module in (bench.out / "clients" / "toy_telemetry").glob("*.py"):
        tree = compile(module.read_text("utf-8"), module.name, "exec")
        assert "evil" not in tree.co_names
