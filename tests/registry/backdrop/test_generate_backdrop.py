"""`generate backdrop` writes the module: code by hand, and one file of data for each project."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from support.backdrop_site import MODULE
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result
    from support.workbench import Bench

CODE = ROOT / "registry" / "headcount_registry" / "backdrop"
DECLARED = json.loads((ROOT / "registry/generated/registry.json").read_text(encoding="utf-8"))
TWO = """\
headcount[title] = {0}
headcount[homepage] = https://toymakers.org
headcount[recipient] = Us
headcount[contact] = https://toymakers.org
headcount[endpoint] = https://t.toymakers.org
telemetry[size][label] = Size
telemetry[size][description] = How large it is.
telemetry[size][purpose] = Decide how large it may be.
telemetry[size][issue] = https://toymakers.org/1
telemetry[size][type] = boolean
"""


def generate(bench: Bench, *options: str) -> Result:
    where = ("--out", str(bench.out))
    return bench.run("generate", "backdrop", str(bench.declarations), *where, *options)


def declared(bench: Bench, *names: str) -> Path:
    bench.declarations.mkdir(exist_ok=True)
    for path in bench.declarations.glob("*.info"):
        path.unlink()
    for name in names:
        (bench.declarations / f"{name}.info").write_text(TWO.format(name), encoding="utf-8")
    return bench.out / "headcount"


def test_the_data_is_what_registry_json_says_of_each_project() -> None:
    for project in DECLARED["projects"]:
        text = (MODULE / "projects" / f"{project['name']}.json").read_text(encoding="utf-8")
        assert {key: each for key, each in json.loads(text).items() if key != "about"} == project


def test_the_code_is_that_of_the_distribution_but_for_the_mark() -> None:
    for path in CODE.rglob("*.*"):
        written = (MODULE / path.relative_to(CODE)).read_text(encoding="utf-8").splitlines()
        by_hand = path.read_text(encoding="utf-8").splitlines()
        assert "Written by headcount-registry" in written[0]
        assert written[1:] == by_hand[1 if path.suffix != ".info" else 0 :]


def test_every_class_of_the_module_is_found_where_the_module_says() -> None:
    classes = {
        (name, path.relative_to(CODE).as_posix())
        for path in CODE.rglob("*.inc")
        for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    hooks = (CODE / "headcount.module").read_text(encoding="utf-8")
    assert set(re.findall(r"^    '(\w+)' => '([\w/]+\.inc)',$", hooks, re.MULTILINE)) == classes


@pytest.mark.slow
def test_what_is_no_longer_declared_goes_and_check_says_so(bench: Bench) -> None:
    module = declared(bench, "acme", "zoo")
    assert generate(bench).exit_code == 0
    assert sorted(path.name for path in module.glob("projects/*")) == ["acme.json", "zoo.json"]
    assert generate(bench, "--check").exit_code == 0
    declared(bench, "acme")
    out_of_date = generate(bench, "--check")
    assert out_of_date.exit_code == 1
    assert "projects/zoo.json: of a project that is no longer declared" in out_of_date.output
    assert generate(bench).exit_code == 0
    assert [path.name for path in module.glob("projects/*")] == ["acme.json"]


@pytest.mark.slow
def test_a_file_that_is_somebody_elses_is_left_alone(bench: Bench) -> None:
    module = declared(bench, "acme")
    module.mkdir(parents=True)
    (module / "headcount.module").write_text("<?php\n// Mine.\n", encoding="utf-8")
    refused = generate(bench)
    assert refused.exit_code == 1
    assert "headcount.module: was not written by headcount-registry" in refused.output
    assert [path.name for path in module.iterdir()] == ["headcount.module"]


@pytest.mark.slow
def test_a_fork_names_its_own_receiver_and_its_server_is_built_alike(bench: Bench) -> None:
    module = declared(bench, "acme", "zoo")
    fork = ("--endpoint", "https://fork.example.org", "--recipient", "The fork")
    assert generate(bench, *fork).exit_code == 0
    where = (str(bench.declarations), "--out", str(bench.root / "server"))
    assert bench.run("build", *where, *fork).exit_code == 0
    built = json.loads((bench.root / "server" / "registry.json").read_text(encoding="utf-8"))
    for project in built["projects"]:
        text = (module / "projects" / f"{project['name']}.json").read_text(encoding="utf-8")
        told = json.loads(text)
        assert (told["endpoint"], told["recipient"]) == ("https://fork.example.org", "The fork")
        assert told["digest"] == project["digest"]
    assert generate(bench, "--check").exit_code == 1


def test_what_is_no_address_is_refused_with_the_remedy(bench: Bench) -> None:
    declared(bench, "acme")
    refused = generate(bench, "--endpoint", "ftp://fork.example.org")
    assert refused.exit_code == 2
    assert "write grpcs://host[:port] or https://host[:port]" in refused.output
    assert not bench.out.exists()
