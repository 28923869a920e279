"""Run the whole suite: measure every part, keep the samples, and write the page.

    python bench/run.py [--quick] [PART ...]

Each part is a program in its own process group, with a time limit. If a part fails, it
keeps its earlier result, and the others continue. The exit status is 1 if a part fails or
misses a budget. Parts that are not named keep their results, and so does one that says that
it lacks what it measures, as `original` does without BACKDROP. `memory`, which takes long, is
measured only if it is named. `--quick` takes seconds for each part, to see that all work, and
writes to .cache/bench instead of docs.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import machine
import page
from results import Result

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
LIMIT = 1800
"""Time limit of a part in seconds."""
ARGUMENTS = {"intake": ("--connections", "16", "1")}


def measured(name: str, *, quick: bool) -> dict[str, Any] | None:
    """Return the result of a part; None if it has nothing to measure.

    Raises ChildProcessError if it failed.
    """
    file = CACHE / f"{name}.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, str(Path("bench") / f"{name}.py"), *ARGUMENTS.get(name, ())]
    command += ["--json", str(file), *(["--quick"] if quick else [])]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        print(f"{name}: not done after {LIMIT} s", flush=True)
    finally:
        # Everything that it started ends with it, even after an interruption.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if not file.exists():
        if process.returncode:
            raise ChildProcessError(name)
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def main() -> int:
    """Measure, write, and return the exit status."""
    names = [part.name for part in page.PARTS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="seconds each, into .cache/bench")
    given = parser.parse_args()
    unknown = set(given.parts) - set(names)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    CACHE.mkdir(parents=True, exist_ok=True)
    data_file = CACHE / page.DATA.name if given.quick else page.DATA
    page_file = CACHE / page.PAGE.name if given.quick else page.PAGE
    data: dict[str, Any] = {"machine": {}, "parts": {}}
    if data_file.exists():
        data = json.loads(data_file.read_text(encoding="utf-8"))
    data["machine"] = machine.described()
    failed, missed = [], []
    usual = [part.name for part in page.PARTS if given.quick or not part.by_name]
    for name in given.parts or usual:
        print(f"== {name} ({time.strftime('%H:%M:%S')})", flush=True)
        try:
            found = measured(name, quick=given.quick)
        except ChildProcessError:
            failed.append(name)
            continue
        if found is None:
            continue
        if not Result.of_json(found).kept():
            missed.append(name)
        data["parts"][name] = found
        data["parts"] = {each: data["parts"][each] for each in names if each in data["parts"]}
        # Write after each part, so that an early end loses nothing.
        data_file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        page_file.write_text(page.rendered(data), encoding="utf-8")
    print(f"== {os.path.relpath(page_file)}")
    for what, which in (("failed", failed), ("budgets missed", missed)):
        if which:
            print(f"{what}: {', '.join(which)}")
    return int(bool(failed or missed))


if __name__ == "__main__":
    sys.exit(main())
