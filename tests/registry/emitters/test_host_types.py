"""A type checker helps the host's developer: what is right passes, each mistake is named."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from headcount import Client
from headcount.options import ClientOptions
from support.workbench import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CLIENTS = GOLDEN / "every_type" / "expected" / "clients"

HEAD = """\
from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from toy_shop_telemetry import Collectors, Telemetry

if TYPE_CHECKING:
    from toy_shop_telemetry.keys import ServerOsValue, WebServerValue


class Shop(Collectors):
"""
RIGHT = """\
    def version(self) -> str:
        return "1.2"

    def multisite(self) -> bool | None:
        return None

    def pages(self) -> int:
        return 3

    def server_os(self) -> ServerOsValue:
        return "WINNT"

    def web_server(self) -> tuple[WebServerValue, str | None]:
        return "nginx", None

    def modules(self) -> Iterable[str]:
        yield "views"
"""
NATURAL = """\
    def layouts(self) -> list[str]:
        return [str(time.time())]

    def modules(self) -> set[str]:
        return {"views"}

    def server_os(self) -> str:
        return platform.system()

    def web_server(self) -> str:
        return "nginx/1.24"
"""
CALL = """\

Telemetry(
    Shop(), state_directory="state", clock=time.time, environment={}, allow_plaintext=True,
    administrator_off=False, patience=None, root_certificates=b"", randomness=lambda: 0.5,
)
"""
MISTAKES = {
    "a text for a boolean": ("bool | None:", "str:", "Return type"),
    "a number for a version": ('return "1.2"', "return 1.2", "Incompatible return value"),
    "a value that is not declared": ('"WINNT"', '"BeOS"', "Incompatible return value"),
    "a product that is not declared": ('"nginx", None', '"caddy", None', "Incompatible return"),
    "a product without its version": ('return "nginx", None', 'return "nginx"', "Incompatible"),
    "a list of numbers": ("Iterable[str]", "Iterable[int]", "Return type"),
    "a text for a number": ("return 3", 'return "3"', "Incompatible return value"),
    "a clock that is none": ("clock=time.time", "clock=5", '"clock"'),
    "a setting that does not exist": ("patience=", "patient=", "patient"),
    "an environment that is none": ("environment={}", "environment=None", '"environment"'),
}

VALUES = """\
from headcount.generated import Key
from headcount.transport.messages import Answer, Request


class Transport:
    def submit(self, request: Request, timeout: float) -> Answer:
        return Answer(code="OK", open_weeks=(request.week,))


key = Key(
    name="multisite", number=1, label="", description="", purpose="", issue="",
    type="boolean", level="basic", aliases={"on": "yes"},
)
"""
VALUE_MISTAKES = {
    "a number for a text": ('code="OK"', "code=0", 'Argument "code" to "Answer" has incompatible'),
    "a text for a tuple": ("(request.week,)", "request.week", 'Argument "open_weeks" to "Answer"'),
    "a list for a mapping": ('{"on": "yes"}', '["on"]', 'Argument "aliases" to "Key"'),
    "a part that does not exist": ('code="OK"', 'kode="OK"', 'Unexpected keyword argument "kode"'),
    "a part that is missing": ("number=1, ", "", 'Missing named argument "number" for "Key"'),
    "a part without its name": ('code="OK"', '"OK"', "Too many positional arguments"),
    "a change": ("return Answer(", "request.week = str(", 'Property "week" defined in "Request"'),
}


def checked(place: Path, text: str) -> subprocess.CompletedProcess[str]:
    module = place / f"{place.name}.py"  # mypy takes a name, a size and a second for the same file
    module.write_text(text)
    cache = f"--cache-dir={place.parent}/cache"
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", cache, module.name],
        cwd=place,
        env={**os.environ, "MYPYPATH": str(CLIENTS)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_right_collectors_and_settings_pass_the_strict_type_checker(tmp_path: Path) -> None:
    done = checked(tmp_path, HEAD + RIGHT + CALL)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


def test_collectors_of_whatever_the_host_finds_pass_the_strict_type_checker(
    tmp_path: Path,
) -> None:
    unused = (
        "if TYPE_CHECKING:\n    from toy_shop_telemetry.keys import ServerOsValue, WebServerValue\n"
    )
    head = HEAD.replace(unused, "").replace("import time\n", "import platform\nimport time\n")
    done = checked(tmp_path, head + NATURAL + CALL)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_type_checker_refuses(tmp_path: Path, mistake: str) -> None:
    right, wrong, message = MISTAKES[mistake]
    text = HEAD + RIGHT + CALL
    assert text.count(right) == 1
    done = checked(tmp_path, text.replace(right, wrong))
    assert done.returncode == 1
    assert message in done.stdout


def test_right_values_pass_the_strict_type_checker(tmp_path: Path) -> None:
    done = checked(tmp_path, VALUES)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


@pytest.mark.parametrize("mistake", VALUE_MISTAKES)
def test_a_type_checker_refuses_of_a_value(tmp_path: Path, mistake: str) -> None:
    right, wrong, message = VALUE_MISTAKES[mistake]
    assert VALUES.count(right) == 1
    done = checked(tmp_path, VALUES.replace(right, wrong))
    assert done.returncode == 1
    assert message in done.stdout


def test_the_typed_settings_are_the_arguments_of_the_client() -> None:
    arguments = inspect.signature(Client).parameters
    given = {"project", "collectors", "state_directory", "endpoint"}  # by the generated package
    assert ClientOptions.__annotations__.keys() == arguments.keys() - given
