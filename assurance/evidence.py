"""The evidence of test runs, from the files that pytest writes about them."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # our own files
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict


class Outcome(TypedDict):
    """The outcome of a test, over all its cases."""

    cases: int
    failed: int
    skipped: int
    seconds: float
    found: dict[str, str]
    """The properties that it recorded, by name; the last case wins."""


Outcomes = dict[str, Outcome]
"""The outcomes by `FILE::FUNCTION` below tests/."""


def read(files: Iterable[Path]) -> Outcomes:
    """Return the outcomes in some files; a test in a later file replaces one in an earlier."""
    outcomes: Outcomes = {}
    for file in files:
        outcomes |= _one(file)
    return dict(sorted(outcomes.items()))


def _one(file: Path) -> Outcomes:
    outcomes: Outcomes = {}
    for case in ET.parse(file).getroot().iter("testcase"):  # noqa: S314 - our own file
        function = case.get("name", "").partition("[")[0]
        test = f"{_module(case.get('classname', ''))}::{function}"
        known = outcomes.setdefault(
            test, {"cases": 0, "failed": 0, "skipped": 0, "seconds": 0.0, "found": {}}
        )
        known["cases"] += 1
        known["failed"] += case.find("failure") is not None or case.find("error") is not None
        known["skipped"] += case.find("skipped") is not None
        known["seconds"] = round(known["seconds"] + float(case.get("time", "0")), 2)
        for item in case.iter("property"):
            known["found"][item.get("name", "")] = item.get("value", "")
    return outcomes


def _module(name: str) -> str:
    """Return the file of a test, whose name begins the dotted name of a class in it."""
    parts = name.removeprefix("tests.").split(".")
    own = next((n for n, part in enumerate(parts, start=1) if part.startswith("test_")), None)
    return f"{'/'.join(parts[:own])}.py"


def of(outcomes: Mapping[str, Outcome], test: str) -> list[Outcome]:
    """Return the outcomes of a test, or of all tests of a file."""
    whole = "::" not in test
    return [
        outcome
        for name, outcome in outcomes.items()
        if name == test or (whole and name.partition("::")[0] == test)
    ]
