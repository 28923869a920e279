"""Stubs for other languages, from the template that the documents show."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from bee_telemetry import Collectors, Telemetry
from support.repository import ROOT

BUF = Path(sys.executable).with_name("buf")
TEMPLATE = (ROOT / "docs" / "hosts" / "buf.gen.yaml").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs" / "hosts" / "other-languages.md").read_text(encoding="utf-8")


def without(plugin: str) -> str:
    """The template with one plugin taken out, as the document tells people to do."""
    head, *plugins = re.split(r"(?m)^(?=  - (?:local|protoc_builtin): )", TEMPLATE)
    kept = [each for each in plugins if plugin not in each]
    assert len(kept) == len(plugins) - 1
    return head + "".join(kept)


@pytest.fixture(name="stubs", scope="module")
def _stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PHP and Go; the plugin of TypeScript comes from npm, which no test asks for."""
    for program, package in (
        ("protoc", "protobuf-compiler"),
        ("protoc-gen-go", "protoc-gen-go-1-5"),
    ):
        assert shutil.which(program), f"{program} is missing: apt-get install {package}"
    place = tmp_path_factory.mktemp("stubs")
    template = place / "buf.gen.yaml"
    template.write_text(without("protoc-gen-es"), encoding="utf-8")
    subprocess.run(
        [BUF, "generate", "--template", template, "--output", place],
        cwd=ROOT,
        env={**os.environ, "BUF_CACHE_DIR": str(place / "cache")},
        check=True,
        timeout=120,
    )
    return place / "stubs"


@pytest.mark.slow
def test_php_stubs_have_a_class_for_every_key(stubs: Path) -> None:
    report = (stubs / "php/Headcount/Projects/Bee/V1/Report.php").read_text(encoding="utf-8")
    for method in ("setPhpVersion", "setMultisite", "setOperatingSystem", "setVersion"):
        assert f"public function {method}(" in report
    values = (stubs / "php/Headcount/Projects/Bee/V1/OperatingSystem/Value.php").read_text()
    assert "const VALUE_MACOS = 3;" in values
    assert (stubs / "php/Headcount/V1/SubmitReportRequest.php").exists()


@pytest.mark.slow
def test_go_stubs_keep_the_permanent_numbers(stubs: Path) -> None:
    text = (stubs / "go/headcount/projects/bee/v1/report.pb.go").read_text(encoding="utf-8")
    assert re.search(r"OperatingSystem_VALUE_MACOS +OperatingSystem_Value = 3\n", text)
    assert re.search(r'PhpVersion +\*PhpVersion +`protobuf:"bytes,4,opt,name=php_version', text)
    assert '_ "example.org/acme/stubs/go/headcount/v1"' in text


class Bee(Collectors):
    def multisite(self) -> bool:
        return True

    def operating_system(self) -> Literal["macOS"]:
        return "macOS"

    def php_version(self) -> str:
        return "8.2.7"


def test_the_bytes_that_the_document_names_are_those_of_the_python_client(tmp_path: Path) -> None:
    named = re.search(r"bytes of this report are `([0-9a-f]+)`", DOCUMENT)
    assert named
    preview = Telemetry(Bee(), state_directory=tmp_path, environment={}).preview()
    assert preview.digest == hashlib.sha256(bytes.fromhex(named[1])).hexdigest()
