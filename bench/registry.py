"""Measure a build, from declarations to files: 1,000 keys in 200 files, and ten times as many.

    python bench/registry.py [--rounds N]

Each round is a whole `headcount-registry build` in a new process, into an empty directory.
The output has the median, its share of the budget, the time of each step, and the growth
of the time with the input.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import results
from headcount_registry.pipeline.build import build

PROGRAM = Path(sys.executable).with_name("headcount-registry")
FILES, KEYS = 200, 5
BUDGET = 3.0
"""Budget in seconds for 200 files with 1,000 keys."""
GROWTH = 12.0
"""Budget for ten times the input, as a multiple of the time."""

ABOUT = """\
headcount[title] = Module {file}
headcount[homepage] = https://example.org/{file}
headcount[recipient] = The maintainers
headcount[contact] = https://example.org/{file}/contact
headcount[endpoint] = grpcs://telemetry.example.org
"""
WORDS = """
telemetry[{name}][label] = Fact {name}
telemetry[{name}][description] = What is to be known about {name}, in one sentence.
telemetry[{name}][purpose] = Decide something that depends on {name}.
telemetry[{name}][issue] = https://example.org/issues/{number}
telemetry[{name}][type] = {type}
"""
TYPES = {
    "boolean": "",
    "choice": "".join(
        f"telemetry[{{name}}][values][] = Choice number {count}\n" for count in range(8)
    ),
    "version": "telemetry[{name}][precision] = 2\n",
    "count": "".join(f"telemetry[{{name}}][buckets][] = {bound}\n" for bound in (1, 10, 100, 1000)),
    "list": "".join(f"telemetry[{{name}}][values][] = Member {count}\n" for count in range(12)),
}


def declarations(place: Path, files: int) -> Path:
    """Write this many files of five keys each, one of every type except the two rarer ones."""
    place.mkdir()
    for file in range(files):
        text = ABOUT.format(file=file)
        for number, (kind, more) in enumerate(TYPES.items()):
            name = f"{kind}_fact"
            text += WORDS.format(name=name, number=number, type=kind) + more.format(name=name)
        (place / f"module_{file}.info").write_text(text, encoding="utf-8")
    return place


def once(source: Path, place: Path) -> float:
    """Return the seconds of one whole build."""
    start = time.perf_counter()
    subprocess.run(
        [PROGRAM, "build", source, "--out", place / "out", "--lock", place / "registry.lock"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def measured(source: Path, rounds: int) -> list[float]:
    """Return the seconds of some builds."""
    seconds = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            seconds.append(once(source, Path(place)))
    return seconds


def steps(source: Path) -> dict[str, float]:
    """Return the seconds of each step of a build in this process."""
    marks: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as place:
        build(
            [source],
            Path(place, "registry.lock"),
            lambda step: marks.append((step, time.perf_counter())),
        )
    marks.append(("", time.perf_counter()))
    return {step: after - before for (step, before), (_, after) in pairwise(marks)}


def main() -> int:
    """Measure and print; return 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="builds to take the median of")
    given = results.arguments(parser)
    if given.quick:
        given.rounds = 1
    result = results.began(given)
    few, many = f"{FILES} files, {FILES * KEYS:,} keys", f"{FILES * 10:,} files"
    with tempfile.TemporaryDirectory() as place:
        small = declarations(Path(place, "small"), FILES)
        result.add(few, "s", measured(small, given.rounds))
        if not given.quick:
            large = declarations(Path(place, "large"), FILES * 10)
            result.add(many, "s", measured(large, 1))
        for step, seconds in steps(small).items():
            result.add(f"of it: {step}", "s", seconds)
    result.expect(f"{few}, seconds", few, most=BUDGET)
    result.expect("ten times the input, times as long", many, few, most=GROWTH)
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())
