"""What embedding costs a host that starts: importing the client, and "is anything due?".

    python bench/client_start.py [--rounds N]

Each round starts three interpreters in turn: one imports json, os and time, one
imports a generated client and asks a host that nobody has asked yet, one asks a
host that has said yes and whose report is planned. Each measures itself. Prints
medians and how many times the first they are.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATHS = (ROOT / "client", ROOT / "registry" / "generated" / "clients")
BUDGET = 1.5
"""Times the cost of `import json, os, time`."""

USUAL = "import json, os, time"
ASKED = """
from bee_telemetry import Collectors, Telemetry
Telemetry(Collectors(), state_directory={state!r}, environment={{}}).due()
"""
MEASURED = """
import sys
sys.path[:0] = {paths!r}
from time import perf_counter
begin = perf_counter()
{program}
print(perf_counter() - begin)
"""


def seconds(program: str) -> float:
    """What a program measures of itself in an interpreter of its own."""
    text = MEASURED.format(program=program, paths=[str(path) for path in PATHS])
    done = subprocess.run(
        [sys.executable, "-S", "-c", text], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> int:
    """Prints the comparison; 1 where it is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=41, help="interpreters of each kind")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        planned, undecided = Path(directory) / "planned", Path(directory) / "undecided"
        sys.path[:0] = [str(path) for path in PATHS]
        from bee_telemetry import Collectors, Telemetry  # noqa: PLC0415 - found since the line above

        client = Telemetry(Collectors(), state_directory=planned, environment={})
        client.grant(via="bench")
        client.due()  # draws the moment, so that later questions find it
        programs = {
            "import json, os, time": USUAL,
            "nobody has answered": ASKED.format(state=str(undecided)),
            "a report is planned": ASKED.format(state=str(planned)),
        }
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, program in programs.items():
                times[name].append(seconds(program))
    usual, *asked = (statistics.median(found) for found in times.values())
    for name, found in times.items():
        median = statistics.median(found)
        sys.stdout.write(f"{name:<24}{median * 1000:7.2f} ms  {median / usual:5.2f}x\n")
    worst = max(asked) / usual
    fits = worst <= BUDGET
    sys.stdout.write(f"budget {BUDGET}x: {'kept' if fits else 'EXCEEDED'}\n")
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
