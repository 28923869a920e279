"""Measure what embedding costs at the start of a host: the import of the client, and `due`.

    python bench/client_start.py [--rounds N]

Each round starts three interpreters in turn. The first imports json, os and time. The
second imports a generated client and calls `due` in a host that nobody has asked yet.
The third calls it in a host with a yes and a planned report. Each measures its own
processor time. The output has the medians, and their ratios to the first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import results

ROOT = Path(__file__).parents[1]
PATHS = (ROOT / "client", ROOT / "registry" / "generated" / "clients")
BUDGET = 1.5
"""Budget, as a multiple of the cost of `import json, os, time`."""

USUAL = "import json, os, time"
DAY = 86_400.0
WEDNESDAY = 1_763_553_600.0
"""A moment in the middle of a week, so that there is a week left to plan."""
ASKED = """
from bee_telemetry import Collectors, Telemetry
Telemetry(
    Collectors(), state_directory={state!r}, environment={{}}, clock=lambda: {clock}
).due()
"""
MEASURED = """
import sys
sys.path[:0] = {paths!r}
from time import process_time
begin = process_time()
{program}
print(process_time() - begin)
"""


def seconds(program: str) -> float:
    """Return the seconds that a program measures of itself in a new interpreter."""
    text = MEASURED.format(program=program, paths=[str(path) for path in PATHS])
    # An installed package has its bytecode, so the first interpreter may write it.
    written = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-S", "-c", text], capture_output=True, text=True, check=True, env=written
    )
    return float(done.stdout)


def main() -> int:
    """Print the comparison; return 1 if it is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41, help="interpreters of each kind")
    given = results.arguments(parser)
    if given.quick:
        given.rounds = 5
    result = results.began(given)
    with tempfile.TemporaryDirectory() as directory:
        planned, undecided = Path(directory) / "planned", Path(directory) / "undecided"
        sys.path[:0] = [str(path) for path in PATHS]
        from bee_telemetry import Collectors, Telemetry  # noqa: PLC0415 - found since the line above

        client = Telemetry(
            Collectors(), state_directory=planned, environment={}, clock=lambda: WEDNESDAY - 2 * DAY
        )
        client.grant(via="bench")
        client.due()  # draws the moment, so that later questions find it
        programs = {
            USUAL: USUAL,
            "nobody has answered": ASKED.format(state=str(undecided), clock=WEDNESDAY),
            "a report is planned": ASKED.format(state=str(planned), clock=WEDNESDAY),
        }
        for _ in range(given.rounds):
            for name, program in programs.items():
                result.add(name, "ms", seconds(program) * 1000)
    for name in programs:
        if name != USUAL:
            result.expect(f"{name}/{USUAL}", name, USUAL, most=BUDGET)
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())
