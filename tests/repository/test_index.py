"""What a person gets from a package index, with nothing of ours on the machine before.

The index here is the one that this machine knows, and beside it a folder with the files
that would be published.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.repository import ROOT
from support.server_process import BIN, fetch
from support.waiting import PATIENCE, until
from support.wheels import build

pytestmark = [pytest.mark.index, pytest.mark.slow]

INSTALLING = 280.0
"""Seconds that bringing everything may take."""
ANYWHERE = [f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NEWER = [f"python3.{minor}" for minor in (14, 13, 12)]
OLDEST = "3.11"


@pytest.fixture(scope="module", name="published")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that would be published."""
    return build(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module", name="outside")
def _outside(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a person who has uv and pipx, and nothing of ours."""
    place = tmp_path_factory.mktemp("outside")
    programs = place / "bin"
    programs.mkdir()
    for name in ("uv", "uvx", "pipx"):
        (programs / name).symlink_to(BIN / name)
    ours = {"PYTHONPATH", "VIRTUAL_ENV", "UV_FIND_LINKS", "PYTEST_XDIST_WORKER"}
    path = [one for one in os.environ["PATH"].split(os.pathsep) if Path(one) != BIN]
    known = os.environ.get("PIP_FIND_LINKS", "")
    return {
        **{name: value for name, value in os.environ.items() if name not in ours},
        "PATH": os.pathsep.join([str(programs), *path]),
        "UV_FIND_LINKS": str(published),
        "PIP_FIND_LINKS": f"{published} {known}".strip(),
        "UV_CACHE_DIR": str(place / "uv"),
        "UV_TOOL_DIR": str(place / "tools"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_SYSTEM_CERTS": "true",  # as pip has them
        "PIPX_HOME": str(place / "pipx"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "PIPX_DEFAULT_BACKEND": "pip",  # else pipx would ask uv
    }


def test_the_readme_begins_with_the_demonstration() -> None:
    first = re.search(r"^```console\n(.*?)```", README, re.MULTILINE | re.DOTALL)
    assert first is not None
    assert first[1] == "uvx headcount-server demo\n"
    assert "`pipx run headcount-server demo`" in README


@pytest.mark.parametrize("runner", ["uvx", "pipx run"])
def test_one_command_shows_it_at_work_in_an_empty_directory(
    outside: Mapping[str, str], tmp_path: Path, runner: str
) -> None:
    command = f"{runner} headcount-server demo"
    assert command in README
    flags = ["--sites=40", "--weeks=3", *ANYWHERE]  # in the first, few have sent
    output = tmp_path / "output"
    place = tmp_path / "empty"
    place.mkdir()
    with output.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [*command.split(), *flags],
            cwd=place, env=outside, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        until(
            lambda: " statistics --database " in output.read_text("utf-8") or process.poll(),
            seconds=INSTALLING,
            told=output.read_text,
        )
        said = output.read_text(encoding="utf-8")
        assert process.poll() is None, said
        assert "Every published total is what the sites agreed to send." in said
        for address in re.findall(r"http://127\S+", said):
            assert fetch(address)
        again = said.rpartition("In another terminal:\n")[2].strip()
        assert again == f"{runner} headcount-server statistics --database headcount.db"
        shown = subprocess.run(
            again.split(), cwd=place, env=outside, capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0, shown.stderr
        assert "php_version" in shown.stdout
    finally:
        process.send_signal(signal.SIGINT)  # which uvx hands on, and pipx has made way for
        code = process.wait(PATIENCE)
    assert code == 0, output.read_text(encoding="utf-8")


def python(name: str) -> str:
    """A Python that starts, by its name; skips the test if there is none."""
    beside = Path(sys.base_prefix).parent  # pyenv's, which keeps releases side by side
    newer = [found for one in NEWER for found in (shutil.which(one), *beside.glob(f"*/bin/{one}"))]
    candidates = [sys.executable] if name == OLDEST else newer
    for one in map(str, filter(None, candidates)):
        asked = [one, "-c", "import sys; print(sys.version_info[:2])"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return one
    pytest.skip("no Python here is newer than the oldest that is supported")


class Empty:
    """An environment with one distribution and what it asks for, and an empty directory."""

    def __init__(self, place: Path, version: str, wanted: str, outside: Mapping[str, str]) -> None:
        place.mkdir(exist_ok=True)
        self.place, self.version = place, version
        self.bin = place / f"env-{wanted}" / "bin"
        self.outside = {**outside, "PATH": f"{self.bin}:{outside['PATH']}"}
        uv = BIN / "uv"
        self._run(uv, "venv", "--quiet", "--python", version, self.bin.parent)
        self._run(uv, "pip", "install", "--quiet", "--python", self.bin / "python", wanted)

    def run(self, program: str, *arguments: str) -> str:
        return self._run(self.bin / program, *arguments)

    def installed(self) -> list[str]:
        listed = self._run(BIN / "uv", "pip", "freeze", "--python", self.bin / "python")
        return [line.partition("==")[0] for line in listed.splitlines()]

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=self.place, env=self.outside, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.mark.parametrize("version", [OLDEST, "newer"])
def test_each_distribution_alone_does_what_its_readme_begins_with(
    outside: Mapping[str, str], tmp_path: Path, version: str
) -> None:
    used = python(version)
    registry = Empty(tmp_path, used, "headcount-registry", outside)
    for line in commands("registry"):
        registry.run(*line.split())
    client = Empty(tmp_path, used, "headcount", outside)
    (tmp_path / "acme_telemetry").symlink_to("registry/clients/acme_telemetry")
    (program,) = re.findall(r"^```python\n(.*?)```", front("client"), re.MULTILINE | re.DOTALL)
    (tmp_path / "acme.py").write_text(program, encoding="utf-8")
    preview = client.run("python", "acme.py")
    assert '"value": "1.4"' in preview, preview
    assert "preview" in client.run("python", "-m", "acme_telemetry", "--help")
    assert sorted(client.installed()) == ["headcount", "protobuf"]
    server = Empty(tmp_path, used, "headcount-server", outside)
    (demonstration,) = [line for line in commands("server") if line.endswith(" demo")]
    shown = server.run(*demonstration.split()[1:], "--exit", "--sites=40", "--weeks=1", *ANYWHERE)
    assert "Every published total is what the sites agreed to send." in shown


def front(folder: str) -> str:
    return (ROOT / folder / "README.md").read_text(encoding="utf-8")


def commands(folder: str) -> list[str]:
    """Commands of ours that a distribution's README begins with."""
    blocks = re.findall(r"^```console\n(.*?)```", front(folder), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if re.match(r"(uvx )?headcount", line)]
