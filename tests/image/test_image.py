"""The container image, built on a base that is made here, and run as its own settings say.

A runtime for containers needs control groups, which are seldom there for a test. So the
image's root is entered here as a runtime enters it: read-only, in a namespace of its own,
as its user, with nothing but its volume and the registry.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from support.repository import ROOT
from support.server_process import BIN
from support.waiting import PATIENCE, until

pytestmark = [pytest.mark.index, pytest.mark.image, pytest.mark.slow, pytest.mark.timeout(1200)]

MEGABYTE = 1_000_000
ADDED = 100 * MEGABYTE
"""What the image may add to its base."""
DEPLOY = ROOT / "docs" / "operators" / "deploy"
ACME = ROOT / "examples" / "declarations" / "acme.info"
ENTER = """
set -e
ip link set lo up
mount --bind "$ROOT" "$ROOT"
mount --bind "$VOLUME" "$ROOT/var/lib/headcount"
mount --bind "$REGISTRY" "$ROOT/etc/headcount"
mount --bind /proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -o remount,bind,ro "$ROOT"
exec chroot --userspec="$OWNER:$OWNER" "$ROOT" /usr/bin/env -i "$@"
"""
HOST = """
import sys
from acme_telemetry import Collectors, Telemetry

class Acme(Collectors):
    def python_version(self):
        return "3.11"

telemetry = Telemetry(
    Acme(), state_directory=sys.argv[1], endpoint="http://127.0.0.1:8080", environment={}
)
telemetry.grant()
print(telemetry.send_now())
"""


def run(*command: str | Path, **variables: str) -> str:
    """What a program prints that has to succeed."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Builder:
    """buildah with a storage of its own; it asks for no control group."""

    place: Path

    @cached_property
    def command(self) -> tuple[str, ...]:
        storage = ("--root", str(self.place / "storage"), "--runroot", str(self.place / "run"))
        return ("buildah", "--storage-driver", "vfs", *storage)

    def __call__(self, *arguments: str | Path) -> str:
        return run(*self.command, *arguments, BUILDAH_ISOLATION="chroot").strip()

    def inspect(self, image: str) -> dict[str, Any]:
        return dict(json.loads(self("inspect", "--type", "image", image)))


def size(root: Path) -> int:
    """Bytes of all files below a folder."""
    return int(run("du", "--summarize", "--bytes", root).split()[0])


@dataclass
class Built:
    """The image: its files, its settings, and the bytes of its base."""

    root: Path
    settings: dict[str, Any]
    base: int


@pytest.fixture(scope="module", name="built")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    if os.geteuid() != 0:
        pytest.skip("root is needed to make a base and to enter an image")
    place = tmp_path_factory.mktemp("image")
    base = place / "base"
    packages = "--include=python3,python3-venv"
    run("debootstrap", "--variant=minbase", packages, "bookworm", base)
    builder = Builder(place)
    work = builder("from", "scratch")
    builder("copy", "--quiet", work, base, "/")
    builder("commit", "--quiet", "--rm", work, "base")
    small = size(base)
    shutil.rmtree(base)
    engine = f"ENGINE={' '.join(builder.command)} build --format docker"
    programs = ("--assume-old=.venv/.installed", f"BIN={BIN}")
    make = ("make", "--silent", *programs, "image", engine, "BASE=localhost/base")
    run(*make, BUILDAH_ISOLATION="chroot", MAKEFLAGS="")
    settings = builder.inspect("headcount-server")["Docker"]["config"]
    root = Path(builder("mount", builder("from", "--pull-never", "headcount-server")))
    yield Built(root, settings, small)
    builder("umount", "--all")
    shutil.rmtree(place)


@dataclass
class Container:
    """A process in the image, as its settings say."""

    root: Path
    settings: dict[str, Any]
    volume: Path
    registry: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        user = self.settings["User"]
        command = [*self.settings["Entrypoint"], *self.settings["Cmd"]]
        places = {"ROOT": self.root, "VOLUME": self.volume, "REGISTRY": self.registry}
        variables = {name: str(path) for name, path in places.items()}
        namespace = ("unshare", "--mount", "--net")
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*namespace, "sh", "-c", ENTER, "-", *self.settings["Env"], *command],
                env={**os.environ, **variables, "OWNER": user},
                stdout=log, stderr=log,
            )  # fmt: skip

    def inside(
        self, *command: str, namespaces: tuple[str, ...] = ("--mount", "--net")
    ) -> list[str]:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text("utf-8")
        return ["nsenter", f"--target={self.process.pid}", *namespaces, *command]

    def exec(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the image's user in its root and variables."""
        user = f"--userspec={self.settings['User']}"
        entered = ("chroot", user, str(self.root), "/usr/bin/env", "-i", *self.settings["Env"])
        asked = self.inside(*entered, *command)
        return subprocess.run(asked, capture_output=True, text=True, check=False)

    def healthy(self) -> bool:
        kind, *command = self.settings["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.exec(*command).returncode == 0

    def report(self, state: Path) -> str:
        """What a host prints that reports from outside of the root, beside the server."""
        clients = {"PYTHONPATH": str(self.registry / "clients")}
        host = (str(BIN / "python"), "-c", HOST, str(state))
        return run(*self.inside(*host, namespaces=("--net",)), **clients)

    def stop(self) -> int:
        assert self.process is not None
        assert self.settings["StopSignal"] == "SIGTERM"
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture(name="container")
def _container(built: Built, tmp_path: Path) -> Iterator[Container]:
    (built.root / "etc" / "headcount").mkdir(exist_ok=True)
    volume, registry = tmp_path / "volume", tmp_path / "registry"
    run(
        "cp", "--archive", built.root / "var" / "lib" / "headcount", volume
    )  # as a runtime fills it
    run(BIN / "headcount-registry", "build", ACME, "--out", registry)
    tmp_path.chmod(0o755)
    container = Container(built.root, built.settings, volume, registry, tmp_path / "log")
    container.start()
    yield container
    if container.process is not None and container.process.poll() is None:
        container.process.kill()
        container.process.wait()


def test_the_image_adds_little_to_its_base_and_nothing_of_development(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    base, whole, root = built.base, size(built.root), built.root
    with capsys.disabled():
        print(f"\nimage: {whole / MEGABYTE:.0f} MB, its base {base / MEGABYTE:.0f} MB")  # noqa: T201 - asked for
    assert 0 < whole - base <= ADDED
    installed = {
        re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower()
        for path in (root / "opt/headcount").glob("lib/python3*/site-packages/*.dist-info")
    }
    locked = (ROOT / "docs/operators/deploy/constraints.txt").read_text(encoding="utf-8")
    wanted = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    assert installed == wanted | {"headcount", "headcount-server"}
    assert not (root / "wheels").exists()
    assert not (root / "opt" / "pip").exists()


def test_it_counts_read_only_as_nobody_in_particular_and_keeps_its_volume(
    container: Container, tmp_path: Path
) -> None:
    assert int(container.settings["User"]) > 1000
    assert list(container.settings["Volumes"]) == ["/var/lib/headcount"]
    until(container.healthy)
    written = container.exec("/usr/bin/touch", "/opt/headcount/new")
    assert "Read-only file system" in written.stderr
    assert container.report(tmp_path / "state") == "SENT\n"
    assert container.stop() == 0
    assert (container.volume / "headcount.db").stat().st_uid == int(container.settings["User"])
    container.start()
    until(container.healthy)
    assert container.report(tmp_path / "other") == "SENT\n"
    program = container.settings["Entrypoint"][0]
    checked = container.exec(program, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert container.stop() == 0


def test_it_is_not_healthy_if_the_server_is_not(container: Container) -> None:
    until(container.healthy)
    (container.volume / "headcount.db").rename(container.volume / "moved.db")
    until(lambda: not container.healthy())


def test_caddy_reads_its_file_here_and_beside_the_server_in_compose(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "server"):
        variables = {"HOME": str(tmp_path)} | ({} if host == "127.0.0.1" else {"HEADCOUNT": host})
        read = run("caddy", "adapt", "--config", DEPLOY / "Caddyfile", **variables)
        assert set(re.findall(r'"dial":"([^"]*)"', read)) == {f"{host}:50051", f"{host}:8080"}
