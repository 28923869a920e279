"""The command `review`: the request that a data steward reads."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from headcount_registry.declarations.kinship import kin
from headcount_registry.evolution.descriptor_reader import read_registry
from support.repository import REGISTRY, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from support.workbench import Bench

SHIPPED = ROOT / "registry" / "declarations"
(BACKDROP,) = [
    project
    for project in read_registry(REGISTRY.read_bytes(), "").projects
    if project.name == "backdrop"
]
NAMES = frozenset(key.name for key in BACKDROP.keys)
KEY = """\
telemetry[k][type] = version
telemetry[k][label] = Some | words
telemetry[k][precision] = 3
"""


def section(text: str, heading: str) -> str:
    return re.split(r"\n###? ", text.partition(f"{heading}\n")[2])[0]


@pytest.mark.slow
def test_a_new_key_is_shown_with_all_that_a_steward_has_to_know(bench: Bench) -> None:
    shutil.copytree(SHIPPED, bench.root / "old")
    for name in ("editor.info", "de.info", "es.info"):
        file = bench.root / "old" / "backdrop" / name
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("telemetry[ckeditor5_version]")]
        assert len(kept) < len(lines)
        file.write_text("".join(kept), encoding="utf-8")
    result = bench.run("review", str(bench.root / "old"), str(SHIPPED))
    assert result.exit_code == 0
    text = result.stdout
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["`backdrop`", "For the steward"]
    new = section(text, "### What is new")
    assert "#### `ckeditor5_version`: " in new
    assert all(f"\n- {name}: " in new for name in ("What", "Why", "Decided", "Level"))
    assert "What leaves an installation: a version, cut to its first part" in new
    assert "Owner: The Project Management Committee of Backdrop CMS" in new
    assert "Coarser, and why not: level `extended`" in new
    assert "about `ckeditor5_version`." in section(text, "### Who is asked again")
    assert "| `ckeditor5_version` | 5 |" in section(text, "### Smallest group that is published")


@pytest.mark.slow
def test_nothing_changed_is_nothing_to_review(bench: Bench) -> None:
    result = bench.run("review", str(SHIPPED), str(SHIPPED))
    assert (result.exit_code, "Nothing to review." in result.stdout) == (0, True)


@pytest.mark.slow
def test_who_is_asked_again_and_the_group_follow_from_the_declarations(bench: Bench) -> None:
    bench.write("toy.info", KEY)
    bench.build()
    old = bench.root / "old.binpb"
    shutil.copy(bench.out / "registry.binpb", old)
    bench.write("toy.info", KEY.replace("Some | words", "Others"))
    wording = bench.run("review", str(old), str(bench.declarations)).stdout
    assert "Nobody: what people agreed to goes on." in wording
    wider = KEY.replace("= 3", "= 4") + "telemetry[k][threshold] = 12\n"
    bench.write("toy.info", wider)
    run = ("review", str(old), str(bench.declarations), "--threshold", "10")
    text = bench.run(*run).stdout
    assert "All who said yes, about `k`." in text
    assert "| `k` | 20 |" in text
    assert "taken to be 10." in text


@pytest.mark.slow
def test_what_declarations_say_is_text_and_no_markdown(bench: Bench, tmp_path: Path) -> None:
    bench.write("toy.info", "telemetry[other][type] = boolean\ntelemetry[other][label] = Other\n")
    bench.build()
    old = tmp_path / "old.binpb"
    shutil.copy(bench.out / "registry.binpb", old)
    hostile = "telemetry[k][type] = boolean\ntelemetry[k][label] = <script>[x](http://y)|\n"
    bench.write("more.info", f"project = toy\n{hostile}")
    text = bench.run("review", str(old), str(bench.declarations)).stdout
    assert "<script>" not in text
    assert r"\<script\>\[x\](http://y)\|" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("contributed_modules", "multilingual_tools"),
        ("ckeditor5_version", "ckeditor_version"),
        ("content_fields", "field_types"),
        ("editor_permissions", "role_names"),
    ],
)
def test_pairs_that_people_found_among_backdrops_keys_are_hinted_at(one: str, other: str) -> None:
    assert (one, other) in {(pair.one, pair.other) for pair in kin(BACKDROP, NAMES)}


@pytest.mark.slow
def test_hints_stay_few_enough_to_be_read() -> None:
    found = kin(BACKDROP, NAMES)
    assert len(found) < len(NAMES)
    assert {(pair.one, pair.other) for pair in found}.isdisjoint({("mysql_version", "php_version")})
    assert kin(BACKDROP, frozenset()) == ()


@pytest.mark.parametrize(
    "arguments",
    [("a.lock", "."), (".", "a.lock"), ("nowhere", "."), (".", ".", "--threshold", "0")],
)
def test_misuse_is_told(bench: Bench, arguments: tuple[str, ...]) -> None:
    assert bench.run("review", *arguments).exit_code == 2
