"""What projects share stands once, and a key takes it by name."""

from __future__ import annotations

import hashlib
import json
import platform
from typing import TYPE_CHECKING

import pytest
from headcount import stock
from headcount_registry.checks import run_checks
from headcount_registry.declarations import attributes
from headcount_registry.declarations.conventions import conventions, shipped
from headcount_registry.declarations.draft import Draft, shipped_set
from headcount_registry.declarations.model import Convention
from headcount_registry.evolution.descriptor_reader import read_registry
from support.backdrop_source import DECLARED
from support.workbench import Bench

if TYPE_CHECKING:
    from headcount_registry.declarations.draft import KeyDraft

USE = "telemetry[k][use] = common:operating_system\n"
SYSTEMS = ("Linux", "macOS", "Windows", "FreeBSD", "OpenBSD", "NetBSD", "Solaris")
WORDS = "".join(
    f"telemetry[size]{line}\n"
    for line in (
        *("[label] = Size", "[description] = How large.", "[purpose] = Decide."),
        *("[type] = choice", "[values][] = small", "[values][] = large"),
        "[translations][de][label] = Größe",
    )
)
ACME = f"headcount[conventions] = acme\nheadcount[version] = 3\n{WORDS}"
MACHINES = "x86_64 AMD64 arm64 aarch64 i386 i686 armv6l armv7l armv8l ppc64le s390x riscv64"
COUNTED = {1: "1a25f1845248a26b"}
"""The beginning of the SHA-256 over what each version of the shipped set counts."""


@pytest.mark.slow
def test_a_key_takes_words_type_values_and_aliases(bench: Bench) -> None:
    bench.write("toy.info", f"{USE}telemetry[k][issue] = https://toymakers.org/1\n", whole=True)
    key = next(key for key in bench.build().registry.projects[0].keys if key.name == "k")
    assert (key.label, key.type) == ("Operating system", "choice")
    assert key.purpose.startswith("Decide which operating systems")
    assert tuple(value.text for value in key.values) == SYSTEMS
    assert dict(key.aliases)["WINNT"] == "Windows"
    assert [each.language for each in key.translations] == ["de", "es"]


@pytest.mark.slow
def test_words_and_terms_are_the_projects_own_and_what_is_counted_is_not(bench: Bench) -> None:
    own = "".join(
        f"telemetry[k]{line}\n"
        for line in ("[label] = System", "[level] = extended", "[by][] = version")
    )
    for text in (USE + own, own + USE):
        key = bench.key(text)
        assert (key.label, key.level, key.by) == ("System", "extended", ("version",))
        assert key.translations == ()  # they translate other words
        assert tuple(value.text for value in key.values) == SYSTEMS
    bench.write("toy.info", f"{USE}telemetry[k][values][] = Haiku\n")
    result = bench.run("check", str(bench.declarations))
    assert result.exit_code == 1
    assert "toy.info:2:1: error: `common:operating_system` settles `values`" in result.output


@pytest.mark.slow
def test_a_foundation_has_a_set_of_its_own_which_projects_in_other_files_take(
    bench: Bench,
) -> None:
    bench.write("foundation/acme.info", ACME)
    for name in ("one", "two"):
        bench.write(f"{name}.info", "telemetry[k][use] = acme:size\n")
    built = bench.build()
    assert [project.name for project in built.registry.projects] == ["one", "two"]
    for project in built.registry.projects:
        (key,) = (key for key in project.keys if key.name == "k")
        assert (key.label, key.convention) == ("Size", Convention("acme:size", 3))
        assert tuple(value.text for value in key.values) == ("small", "large")


@pytest.mark.slow
def test_a_convention_and_its_version_are_in_every_output(bench: Bench) -> None:
    bench.write("acme.info", ACME)
    bench.write("toy.info", "telemetry[k][use] = acme:size\n")
    out = bench.out
    assert bench.run_build("--docs", str(out / "keys.md")).exit_code == 0
    (toy,) = json.loads((out / "registry.json").read_text())["projects"]
    wanted = {"k": {"name": "acme:size", "version": 3}, "version": None}
    assert {key["name"]: key["convention"] for key in toy["keys"]} == wanted
    (read,) = read_registry((out / "registry.binpb").read_bytes(), "toy").projects
    assert {key.name: key.convention for key in read.keys} == {
        "k": Convention("acme:size", 3),
        "version": None,
    }
    assert "- Convention: acme:size, version 3" in (out / "keys.md").read_text()
    client = (out / "clients/toy_telemetry/_project.py").read_text()
    assert 'convention="acme:size",' in client


@pytest.mark.slow
def test_to_follow_a_convention_changes_no_digest(bench: Bench) -> None:
    own = WORDS.replace("[size]", "[k]")
    before = bench.project(own)
    bench.write("acme.info", ACME)
    after = bench.project("telemetry[k][use] = acme:size\n" + _without(own, attributes.FIXED))
    assert after.keys[1].convention == Convention("acme:size", 3)
    assert (after.digest, after.consent_digest) == (before.digest, before.consent_digest)


def test_what_is_wrong_with_a_set_is_told_in_its_own_file(bench: Bench) -> None:
    bench.write("acme.info", ACME.replace("choice", "chioce"))
    bench.write("toy.info", "telemetry[j][type] = boolean\n")
    output = bench.run("check", str(bench.declarations)).output
    assert "acme.info:6:25: error: there is no type `chioce`; did you mean `choice`?" in output


def test_every_shipped_convention_makes_a_key_with_words_in_two_more_languages(
    bench: Bench,
) -> None:
    known = conventions(())
    assert len(known) == 8
    for name, shared in known.items():
        translated = {pair.path[3:] for pair in shared.pairs if "translations" in pair.path}
        words = attributes.TRANSLATED
        assert translated == {(tag, word) for tag in ("de", "es") for word in words}, name
        key = name.partition(":")[2]
        text = f"project = toy\ntelemetry[{key}][use] = {name}\n"
        bench.write(f"{key}.info", text)
    result = bench.run_build()
    assert result.exit_code == 0
    assert "similar-values" not in result.output


@pytest.mark.parametrize("machine", MACHINES.split())
def test_the_stock_collectors_answer_in_the_words_of_the_conventions(
    monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    known = {key.name: key for key in shipped_set().keys}
    for name in ("architecture", "operating_system"):
        key = known[name]
        spellings = {*key.values, *(each.path[1] for each in key.items("aliases"))}
        assert getattr(stock, name)() in spellings


def test_the_shipped_set_is_in_order_itself() -> None:
    found = run_checks(Draft((shipped(),), (), (shipped_set(),)))
    assert [finding.check for finding in found] == ["convention-set-twice"]  # given once more


def test_whoever_changes_what_the_shipped_set_counts_raises_its_version() -> None:
    (version,) = {shared.convention.version for shared in conventions(()).values()}
    counted = sorted(_counted(key) for key in shipped_set().keys)
    found = hashlib.sha256("\n".join(counted).encode()).hexdigest()
    assert found.startswith(COUNTED[version])


def test_a_shipped_declaration_states_no_values_that_another_has_stated() -> None:
    stated: dict[tuple[str, ...], str] = {}
    declared = sorted(DECLARED.parents[1].joinpath("declarations").rglob("*.info"))
    for text in (shipped().document.text, *(file.read_text("utf-8") for file in declared)):
        lists: dict[str, list[str]] = {}
        for line in text.splitlines():
            name, mark, value = line.partition("][values][] = ")
            if mark:
                lists.setdefault(name, []).append(value)
        for name, values in lists.items():
            assert stated.setdefault(tuple(sorted(values)), name) == name


def _counted(key: KeyDraft) -> str:
    fixed = (each.pair for each in key.statements if each.path[0] in attributes.FIXED)
    return "\n".join(sorted(f"{pair.key}={pair.value}" for pair in fixed))


def _without(text: str, names: tuple[str, ...]) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not any(f"[k][{name}]" in line for name in names))
