"""The files that would be published work by themselves: built, installed elsewhere, and used.

Source archives are built from the checkout, wheels from the archives, and a
fresh environment gets the wheels; what they depend on stands there already, as
`test_installation` shows pip to bring it. Nothing runs in the checkout.
"""

from __future__ import annotations

import email
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.public_walk import walk
from support.repository import ROOT, TESTS
from support.server_process import BIN, THURSDAY, ServerProcess, fetch
from support.waiting import until
from support.wheels import FOLDERS, build, call, environment

pytestmark = pytest.mark.heavy

HOME = "https://headcount.example/"
"""Where the forge will be; links begin with it."""
HOST = """
import sys
from shop_telemetry import Collectors, Telemetry

class Shop(Collectors):
    def version(self):
        return "2.7.1"

telemetry = Telemetry(Shop(), state_directory="state", endpoint=sys.argv[1], environment={},
    clock=lambda: 1795089600.0)
telemetry.grant()
print(telemetry.send_now(), telemetry.preview().digest)
import headcount
print(headcount.__file__)
"""


@dataclass
class Installed:
    """An environment with the wheels, and an empty place to work in."""

    bin: Path
    place: Path
    archives: Path

    def run(self, program: str, *arguments: str | Path) -> str:
        """What a program prints that is run there."""
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.place,
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.place)},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", name="installed")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("wheels")
    archives = build(place)
    programs = environment(place, *archives.glob("*.whl"))
    (place / "work").mkdir()
    return Installed(programs, place / "work", archives)


@pytest.fixture(name="server")
def _server(installed: Installed) -> Iterator[ServerProcess]:
    """The server out of the wheel, on what the registry out of the wheel made."""
    declaration = installed.place / "shop"
    if not declaration.exists():
        installed.run("headcount-registry", "init", "shop")
        installed.run("headcount-registry", "check", "shop")
        (info,) = declaration.glob("*.info")
        assert json.loads(installed.run("headcount-registry", "parse", info))
        installed.run("headcount-registry", "build", "shop", "--out", "registry")
        (installed.place / "run").mkdir()
    directory = installed.place / "run"
    server = ServerProcess(
        installed.place / "registry" / "registry.binpb",
        directory,
        THURSDAY,
        ("--threshold=1",),
        program=installed.bin / "headcount-server",
    )
    server.start()
    yield server
    server.kill()


def test_an_empty_directory_becomes_a_counted_and_published_report(
    installed: Installed, server: ServerProcess
) -> None:
    """Declared, built, served, sent by the generated client, closed, shown and written out."""
    (installed.place / "host.py").write_text(HOST, encoding="utf-8")
    (installed.place / "shop_telemetry").symlink_to("registry/clients/shop_telemetry")
    sent = installed.run("python", "host.py", f"grpc://{server.addresses['gRPC']}").split("\n")
    assert sent[0].startswith("SENT ")
    assert sent[1].startswith(str(installed.bin.parent)), "the client is that of the checkout"
    server.set_clock(THURSDAY + timedelta(weeks=1))
    server.wait_for_metric('headcount_shop_version_reports{value="2.7"} 1.0')
    project = f"http://{server.addresses['public']}/projects/shop/"
    until(lambda: "2.7" in fetch(project))  # the pages change after the metrics
    pages = walk(server.addresses["public"])
    broken = {path for path, seen in pages.items() if seen.status >= 500}
    assert broken == set()
    assert b"2.7" in pages["/projects/shop/"].body
    assert pages["/style.css"].status == pages["/data/openapi.json"].status == 200
    assert "headcount_server_" in server.metrics("operations")
    where = ("--database", server.database, "--registry", server.registry)
    installed.run("headcount-server", "site", *where, "--out", "site")
    assert "2.7" in (installed.place / "site/projects/shop/index.html").read_text(encoding="utf-8")
    assert server.stop() == 0


def carried() -> set[str]:
    """Files of the registry that the server's wheel takes along for its demonstration."""
    generated = ROOT / "registry" / "generated"
    files = [file for file in (generated / "clients").rglob("*") if file.is_file()]
    taken = [file for file in files if file.suffix != ".pyc"] + [generated / "registry.binpb"]
    return {f"headcount_server/demo/registry/{file.relative_to(generated)}" for file in taken}


def test_the_demonstration_needs_nothing_but_the_wheels(installed: Installed) -> None:
    doors = [f"--{door}=127.0.0.1:0" for door in ("grpc", "public", "operations")]
    output = installed.run("headcount-server", "demo", *doors, "--exit", "--sites=40", "--weeks=1")
    assert "backdrop" in output
    assert "Every published total is what the sites agreed to send." in output


def test_a_wheel_of_the_checkout_is_that_of_the_archive(
    installed: Installed, tmp_path: Path
) -> None:
    for folder in FOLDERS:
        command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
        call(*command, cwd=folder)
    for wheel in tmp_path.iterdir():
        assert contents(wheel) == contents(installed.archives / wheel.name)


def contents(wheel: Path) -> dict[str, bytes]:
    """Files of a wheel, but for the list of their hashes, whose order is free."""
    with zipfile.ZipFile(wheel) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/RECORD")]
        return {name: opened.read(name) for name in names}


def test_an_index_would_take_and_show_every_file(installed: Installed) -> None:
    archives = sorted(installed.archives.iterdir())
    assert len(archives) == 6
    call(BIN / "twine", "check", "--strict", *archives, cwd=installed.place)
    wheels = sorted(installed.archives.glob("*.whl"))
    call(BIN / "check-wheel-contents", "--no-config", *wheels, cwd=installed.place)


@pytest.mark.parametrize("name", ["headcount", "headcount_registry", "headcount_server"])
def test_each_distribution_says_what_it_is_and_under_which_licence(
    installed: Installed, name: str
) -> None:
    (wheel,) = installed.archives.glob(f"{name}-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (info,) = {n.partition("/")[0] for n in opened.namelist() if ".dist-info/" in n}
        metadata = email.message_from_bytes(opened.read(f"{info}/METADATA"))
        licences = [opened.read(f"{info}/licenses/LICENSE")]
    (archive,) = installed.archives.glob(f"{name}-*.tar.gz")
    with tarfile.open(archive) as tar:
        packed = tar.extractfile(f"{archive.name.removesuffix('.tar.gz')}/LICENSE")
        assert packed is not None
        licences.append(packed.read())
    assert licences == [(ROOT / "LICENSE").read_bytes()] * 2
    font = " AND Bitstream-Vera" if name == "headcount_server" else ""
    assert metadata["License-Expression"] == f"Apache-2.0{font}"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"].startswith("Anonymous weekly usage counts")
    assert "telemetry" in metadata["Keywords"].split(",")
    classifiers = set(metadata.get_all("Classifier", ()))
    assert classifiers >= {"Typing :: Typed", "Programming Language :: Python :: 3.11"}
    assert any(one.startswith("Topic :: ") for one in classifiers)
    labels = {url.partition(",")[0] for url in metadata.get_all("Project-URL", ())}
    assert labels == {"Homepage", "Documentation", "Changelog"}
    description = metadata.get_payload()
    assert isinstance(description, str)
    assert description.startswith(f"# {metadata['Name']}\n")
    # A page of an index stands alone: each link is whole, and leads to a file of the repository.
    links = {*re.findall(r"\]\((\S+)\)", description)}
    links |= {url.partition(", ")[2] for url in metadata.get_all("Project-URL", ())}
    assert len(links) >= 4
    assert not [link for link in links if not (ROOT / link.removeprefix(HOME)).is_file()]


def test_the_wheels_hold_every_file_of_their_packages_and_no_other(installed: Installed) -> None:
    sources = {"headcount": ROOT / "client", "headcount_server": ROOT / "server"}
    sources["headcount_registry"] = ROOT / "registry"
    for name, folder in sources.items():
        (wheel,) = installed.archives.glob(f"{name}-*.whl")
        packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
        files = [p for p in (folder / name).rglob("*") if p.is_file() and p.suffix != ".pyc"]
        own = {str(path.relative_to(folder)) for path in files}
        assert packed == own | (carried() if name == "headcount_server" else set())
        assert f"{name}/py.typed" in packed


def test_the_archive_of_the_client_has_what_its_readers_look_for(installed: Installed) -> None:
    (archive,) = installed.archives.glob("headcount-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert names >= {"README.md", "PRIVACY.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"}
    assert "proto/headcount/v1/telemetry_service.proto" in names


@pytest.mark.parametrize(
    ("name", "more"), [("headcount_registry", set()), ("headcount_server", {"hatch_build.py"})]
)
def test_an_archive_holds_the_package_and_what_builds_it(
    installed: Installed, name: str, more: set[str]
) -> None:
    (archive,) = installed.archives.glob(f"{name}-*.tar.gz")
    with tarfile.open(archive) as opened:
        tops = {member.split("/")[1] for member in opened.getnames()}
    always = {name, "LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    assert tops - {".gitignore"} == always | more


def test_the_cases_that_all_clients_agree_on_come_with_the_registry(installed: Installed) -> None:
    installed.run("headcount-registry", "conformance", "--copy", "vectors")
    copied = {file.name: file.read_bytes() for file in (installed.place / "vectors").iterdir()}
    assert copied == {file.name: file.read_bytes() for file in (TESTS / "vectors").iterdir()}
    node = ROOT / "examples" / "node_client" / "headcount.mjs"
    kit = ("conformance", "--only", "weeks", "--", "node", node, "conformance")
    weeks = len(json.loads(copied["weeks.json"])["cases"])
    assert f"{weeks} passed, 0 failed, 0 not tried" in installed.run("headcount-registry", *kit)
