"""Web servers with several workers, and containers with several replicas, count as one."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import yaml
from support.example_hosts import EXAMPLES, Place, build, published
from support.present import present
from support.repository import ROOT
from support.server_process import ServerProcess, held_port
from support.waiting import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


WEB = {"flask_site": "--bind=127.0.0.1:PORT", "fastapi_site": "--port=PORT"}
"""Sites, and how their servers are told where to listen."""


def command(folder: str) -> list[str]:
    """The command that a site's module tells, as words."""
    (module,) = (EXAMPLES / folder).glob("acme_*.py")
    (told,) = re.findall(r"^ *((?:gunicorn|uvicorn) .*)$", module.read_text(), re.MULTILINE)
    return str(told).split()


@pytest.fixture(name="generated", scope="module")
def _generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("acme"))


@pytest.fixture(name="server")
def _server(serve: Callable[..., ServerProcess], generated: Path) -> ServerProcess:
    return serve(generated / "registry.binpb", "--threshold=1", clock=present())


@contextmanager
def _served(place: Place, folder: str) -> Iterator[str]:
    """A web server of an example, until the block is left; its address."""
    program, *words = command(folder)
    with held_port() as held:
        port = held.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", program, WEB[folder].replace("PORT", str(port)), *words],
            cwd=EXAMPLES / folder, env=place.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _greets(address: str) -> bool:
    with suppress(OSError), urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - on the loopback
        return b"Hello!" in answer.read()
    return False


def test_each_web_server_is_counted_once_whatever_its_workers(
    tmp_path: Path, generated: Path, server: ServerProcess
) -> None:
    """Both at once: a scheduler looks for the first time after a minute."""
    places = {name: tmp_path / name for name in WEB}
    with ExitStack() as sites:
        for name, directory in places.items():
            directory.mkdir()
            place = Place(directory, generated, f"http://{server.addresses['public']}")
            place.make_due(directory / "state")
            address = sites.enter_context(_served(place, name))
            until(lambda: _greets(address))  # noqa: B023 - asked here and now
        for directory in places.values():
            plan = directory / "state" / "acme" / "plan.json"
            until(lambda: '"sent"' in plan.read_text(), seconds=2 * PATIENCE)  # noqa: B023 - likewise
    assert "headcount_acme_reports 2.0" in published(server, "headcount_acme_reports 2.0")


def _compose() -> dict[str, Any]:
    found = yaml.safe_load((EXAMPLES / "containers" / "compose.yaml").read_text(encoding="utf-8"))
    service = found["services"]["acme"]
    (mount,) = service["tmpfs"]
    (secret,) = service["secrets"]
    assert found["secrets"][secret]["file"] == "./headcount-secret"
    return {
        "environment": service["environment"],
        "command": service["command"],
        "replicas": service["deploy"]["replicas"],
        "writable": [mount.partition(":")[0]],
        "secret": f"/run/secrets/{secret}",
        "mode": 0o600,  # of the file that the comment makes, which is mounted as it is
        "read_only": service["read_only"],
    }


def _kubernetes() -> dict[str, Any]:
    path = EXAMPLES / "containers" / "kubernetes.yaml"
    spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    (key,) = re.findall(r"--from-literal=(\w+)=", path.read_text(encoding="utf-8"))
    return {
        "environment": {item["name"]: item["value"] for item in container["env"]},
        "command": container["command"],
        "replicas": spec["replicas"],
        "writable": [mounts[name] for name in mounts if "emptyDir" in volumes[name]],
        "secret": f"{mounts['secret']}/{key}",
        "mode": volumes["secret"]["secret"]["defaultMode"],
        "read_only": container["securityContext"]["readOnlyRootFilesystem"],
    }


@pytest.mark.parametrize("manifest", [_compose, _kubernetes])
def test_replicas_with_nothing_but_what_a_manifest_gives_them_count_as_one(
    manifest: Callable[[], dict[str, Any]],
    tmp_path: Path,
    generated: Path,
    server: ServerProcess,
) -> None:
    told = manifest()
    environment = told["environment"]
    secret = tmp_path / "secret"
    secret.write_bytes(b64encode(secrets.token_bytes(32)) + b"\n")
    secret.chmod(told["mode"])
    assert environment["HEADCOUNT_SECRET_FILE"] == told["secret"]
    assert told["read_only"]
    assert any(environment["ACME_STATE"].startswith(place) for place in told["writable"])
    assert told["command"][-3:] == command("flask_site")[-3:]
    for number in range(told["replicas"]):
        directory = tmp_path / str(number)
        directory.mkdir()
        place = Place(directory, generated, f"http://{server.addresses['public']}")
        place.environment |= {
            "HEADCOUNT_CONSENT": environment["HEADCOUNT_CONSENT"],
            "HEADCOUNT_SECRET_FILE": str(secret),
            "PYTHONPATH": f"{EXAMPLES / 'flask_site'}:{place.environment['PYTHONPATH']}",
        }
        send = "from acme_flask import telemetry; print(telemetry.send_now())"
        assert place.run("-c", send) == "SENT\n"
    assert "headcount_acme_reports 1.0" in published(server, "headcount_acme_reports 1.0")


@pytest.mark.parametrize("manifest", [_compose, _kubernetes])
def test_the_yes_of_a_manifest_is_one_to_what_is_declared_beside_it(
    manifest: Callable[[], dict[str, Any]], tmp_path: Path, generated: Path
) -> None:
    place = Place(tmp_path, generated, "")
    printed = place.run("-m", "acme_telemetry", "grant", "--as-configuration", "--state", ".")
    name, _, value = printed.strip().partition("=")
    day = re.compile(r":\d{4}-\d\d-\d\d:")
    assert day.sub(":", manifest()["environment"][name]) == day.sub(":", value)
    assert list(tmp_path.iterdir()) == []


def test_no_secret_stands_in_the_repository() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "examples"],  # noqa: S607 - any git
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert not [name for name in tracked if name.endswith(("secret", "secret-key"))]
