"""Run the attacks, and write docs/generated/assurance.md and docs/generated/assurance.json.

    python assurance/prove.py            run the short forms, add the long ones, write both
    python assurance/prove.py --short F  the same, from an earlier `pytest --junitxml=F`
    python assurance/prove.py --render   write the page again from docs/generated/assurance.json
    python assurance/prove.py --check    fail if the page differs from that

`make soak` leaves the evidence of the long forms in .cache/soak.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import evidence
import injector
from assurance_page import Record, render
from promises import PROMISES

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "docs" / "generated"
PAGE, RAW = GENERATED / "assurance.md", GENERATED / "assurance.json"
SHORT, LONG = ROOT / ".cache" / "assurance.xml", ROOT / ".cache" / "soak"
LIBRARIES = ("headcount", "grpcio", "protobuf", "hypothesis", "pytest")


def named_tests() -> list[str]:
    """Return every test that a promise names, once."""
    return sorted({test for p in PROMISES for attack in p.attacks for test in attack.tests})


def run() -> int:
    """Run the short forms; return pytest's exit status."""
    whole = {test for test in named_tests() if "::" not in test}
    asked = [t for t in named_tests() if t in whole or t.partition("::")[0] not in whole]
    SHORT.parent.mkdir(exist_ok=True)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", f"--junitxml={SHORT}"),
            *(f"tests/{test}" for test in asked),
        ],
        cwd=ROOT,
        env={**os.environ, "HEADCOUNT_SEED": "new"},
        check=False,
    ).returncode


def write(short: list[Path]) -> None:
    """Write page and record from the evidence of runs."""
    long = sorted(LONG.glob("*.xml"))
    former: Record | None = json.loads(RAW.read_bytes()) if RAW.exists() else None
    long_date, showed = (former["long_date"], former["long"]) if former else ("", {})
    if long:
        long_date, showed = _day(max(file.stat().st_mtime for file in long)), evidence.read(long)
    named = set(named_tests())
    outcomes = {
        test: outcome
        for test, outcome in evidence.read(short).items()
        if {test, test.partition("::")[0]} & named
    }
    record: Record = {
        "date": _day(max(file.stat().st_mtime for file in short)),
        "versions": _versions(),
        "short": outcomes,
        "long_date": long_date,
        "long": showed,
        "targets": injector.targets(),
        "shares": injector.shares(),
        "openings": injector.openings(),
        "places": injector.places(),
    }
    RAW.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(render(json.loads(RAW.read_bytes())), encoding="utf-8")


def _versions() -> dict[str, str]:
    system = {"Linux": platform.release().partition("-")[0], "SQLite": sqlite3.sqlite_version}
    return {
        "Python": platform.python_version(),
        **system,
        **{name: version(name) for name in LIBRARIES},
    }


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def main() -> int:
    """Carry out the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--render", action="store_true", help="write the page from the JSON")
    parser.add_argument("--check", action="store_true", help="fail if the page is another")
    parser.add_argument("--short", type=Path, nargs="+", help="files of pytest's --junitxml")
    asked = parser.parse_args()
    if not (asked.render or asked.check):
        status = 0 if asked.short else run()
        write(asked.short or [SHORT])
        return status
    page = render(json.loads(RAW.read_bytes()))
    if asked.check:
        if page == PAGE.read_text(encoding="utf-8"):
            return 0
        print(f"{PAGE.relative_to(ROOT)}: not what {RAW.name} makes; run `make assurance`")
        return 1
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
