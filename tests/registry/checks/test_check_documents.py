"""docs/maintainers/checks.md has a section for every check, whose examples do what they say."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from headcount_registry import checks
from headcount_registry.evolution import permanence
from headcount_registry.findings import Severity
from headcount_registry.pipeline.review import review
from support.repository import ROOT

if TYPE_CHECKING:
    from support.workbench import Bench

TEXT = (ROOT / "docs" / "maintainers" / "checks.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^(Wrong|Right):\n\n```ini\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^; file: (.+)\n", re.MULTILINE)
MARKS = {"<BOM>": "\ufeff", "<CR>": "\r", "<BEL>": "\x07", "<F6>": "\udcf6", "<65>": "x" * 65}
SECTIONS = dict(SECTION.findall(TEXT))
KINDS = {check.name: check for check in checks.ALL}
WHOLE = {"unexplained", "owner-unstated"}
"""Checks whose examples state every explanation themselves."""
TODAY = dt.date(2026, 1, 1)


def before() -> str:
    found = re.search(r"below these lines.*?```ini\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1]


def written(text: str) -> str:
    for mark, meant in MARKS.items():
        text = text.replace(mark, meant)
    numbered = re.search(r"^(.*)<1-(\d+)>\n", text, re.MULTILINE)
    if numbered:
        lines = (f"{numbered[1]}{number}\n" for number in range(1, int(numbered[2]) + 1))
        text = text.replace(numbered[0], "".join(lines))
    return text


def found(bench: Bench, example: str, *, strict: bool, whole: bool) -> set[str]:
    own, *others = FILE.split(example)
    bench.write("toy.info", before() + written(own), whole=whole)
    for name, text in zip(others[::2], others[1::2], strict=True):
        bench.write(name, written(text), whole=whole)
    findings = review([bench.declarations], bench.lock, TODAY, strict=strict).findings
    return {finding.check for finding in findings}


def test_every_check_has_a_section_and_every_section_a_check() -> None:
    names = [name for name, _ in SECTION.findall(TEXT)]
    assert sorted(names) == sorted([*KINDS, *permanence.CHECKS])


@pytest.mark.parametrize("name", SECTIONS)
def test_the_wrong_example_is_found_and_the_right_one_is_not(bench: Bench, name: str) -> None:
    strict = name in KINDS and KINDS[name].when is checks.When.STRICT
    (wrong, bad), (right, good) = EXAMPLE.findall(SECTIONS[name])
    assert (wrong, right) == ("Wrong", "Right")
    assert found(bench, bad, strict=strict, whole=name in WHOLE) == {name}
    for file in bench.declarations.iterdir():
        file.unlink()
    assert found(bench, good, strict=strict, whole=name in WHOLE) == set()


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_how_grave_it_is_and_how_to_allow_it(name: str) -> None:
    text = SECTIONS[name].strip()
    check = KINDS.get(name)
    if check is None or check.severity is Severity.ERROR:
        assert text.startswith("Error. ")
    else:
        endings = {
            checks.When.ALWAYS: "Warning. ",
            checks.When.STRICT: "Warning, with `--strict` only. ",
            checks.When.DATED: "Warning that depends on the day. ",
        }
        assert text.startswith(endings[check.when])
    allowable = check is not None and check.allowable
    assert (f"[allow][] = {name}`" in text) == allowable
