"""A host may keep the generated package, and headcount itself, inside its own package."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import headcount
import pytest
from support.doors import HttpDoor, http_door
from support.repository import ROOT
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "registry" / "generated" / "clients" / "backdrop_telemetry"
HOST = """
import sys, time
from shop.counts import Collectors, Telemetry

class Shop(Collectors):
    def php_version(self):
        return "8.2.7"

days = [9]
def telemetry():
    return Telemetry(Shop(), state_directory="state", environment={}, endpoint=sys.argv[-1],
        clock=lambda: time.time() - days[0] * 86400, randomness=lambda: 0.0)

if __name__ == "__main__":
    client = telemetry()
    client.grant()
    days[0] = 0
    came = client.send_in_background()
    print(came, client.notes().get("send_in_background"), type(client).__base__.__module__)
"""
OWN = """
import sys
from importlib import import_module
from shop.counts import Collectors, Telemetry

client = Telemetry(Collectors(), state_directory="state", environment={})
headcount = type(client).__base__.__module__.removesuffix(".client")
sys.exit(import_module(f"{headcount}.cli.main").main(client))
"""
IMPORT = re.compile(r"^(\s*)(from|import) headcount\b", re.MULTILINE)


@pytest.fixture(name="shop", params=["headcount beside it", "headcount inside"])
def _shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A place with a package `shop`, whose `counts` is the generated one under another name."""
    shop = tmp_path / "shop"
    shutil.copytree(PACKAGE, shop / "counts")
    (shop / "__init__.py").touch()
    (shop / "telemetry.py").write_text(HOST, encoding="utf-8")
    ours = Path(headcount.__file__).parent
    if request.param == "headcount beside it":
        (tmp_path / "headcount").symlink_to(ours)
        return tmp_path
    shutil.copytree(ours, shop / "vendor" / "headcount")
    (shop / "vendor" / "__init__.py").touch()
    for module in (*(shop / "vendor").rglob("*.py"), *(shop / "counts").rglob("*.py")):
        text = module.read_text(encoding="utf-8")
        module.write_text(IMPORT.sub(r"\1\2 shop.vendor.headcount", text), encoding="utf-8")
    return tmp_path


@pytest.fixture(name="door")
def _door() -> Iterator[HttpDoor]:
    with http_door() as door:
        yield door


def _run(place: Path, *arguments: str) -> str:
    """What Python prints there, with protobuf and no headcount but the place's own."""
    google = place / "google"
    if not google.exists():
        google.symlink_to(Path(sysconfig.get_path("purelib")) / "google")
    done = subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=place, env={"HOME": str(place), "PYTHONPATH": "."},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 2}, done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_it_sends_in_the_background(shop: Path, door: HttpDoor) -> None:
    said = _run(shop, "-m", "shop.telemetry", f"http://127.0.0.1:{door.port}")
    vendored = (shop / "shop" / "vendor").exists()
    module = "shop.vendor.headcount.client" if vendored else "headcount.client"
    assert said == f"STARTED None {module}\n"
    plan = shop / "state" / "backdrop" / "plan.json"
    until(lambda: json.loads(plan.read_text())["done"] == "sent")
    assert len(door.requests) == 1


@pytest.mark.slow
def test_usage_and_errors_name_the_command_as_it_is_typed(shop: Path) -> None:
    help_text = _run(shop, "-m", "shop.counts", "--help")
    assert help_text.startswith("usage: python -m shop.counts ")
    wrong = _run(shop, "-m", "shop.counts", "refuse", "--state", "state")
    assert "backdrop_telemetry" not in wrong + help_text
    assert "OFF" in _run(shop, "-m", "shop.counts", "status", "--state", "state")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "module"), [("owners.py", "shop.owners"), ("__main__.py", "shop")]
)
def test_a_host_s_own_command_is_named_as_it_is_typed_too(
    shop: Path, file: str, module: str
) -> None:
    (shop / "shop" / file).write_text(OWN, encoding="utf-8")
    assert _run(shop, "-m", module, "--help").startswith(f"usage: python -m {module} ")
    assert f"python -m {module}: error: " in _run(shop, "-m", module, "nonsense")
    assert _run(shop, f"shop/{file}", "--help").startswith(f"usage: {file} ")
