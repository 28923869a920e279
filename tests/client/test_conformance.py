"""The Python client keeps what all clients must keep, and the vectors would notice if not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from headcount_registry.conformance import vectors
from support.repository import ROOT, TESTS

REGISTRY = Path(sys.executable).with_name("headcount-registry")
RUNNER = ("-m", "conformance.python_client")

NO_FOLDER = "lstat(file)\n    except FileNotFoundError"
MUTANTS = [
    ("weeks", "gmtime(self.start + 3 * DAY)", "gmtime(self.start + 2 * DAY)"),
    ("tokens", 'f"{project}:{week}"', 'f"{project}-{week}"'),
    ("histories", "if week <= self.latest:", "if week == own:"),
    ("histories", "if any(week == own and other != own", "if any(week != week"),
    ("histories", "return self if self.named[own] == week else None", "return self"),
    ("histories", "latest=max(self.latest, own)", "latest=own"),
    ("ages", "return self.since if self.since <= own else", "return self.since or own if own else"),
    ("ages", "- Week.named(first).index + 1 if first", "- Week.named(first).index if first"),
    ("ages", "since=self.first_week(own)", "since=own"),
    ("histories", "def for_named(self, own: str, week: str) -> Self | None:  # noqa", "def x(self"),
    ("histories", 'f"headcount:{project}".encode()', "project.encode()"),
    ("histories", "content = _content(path).strip()", "content = _content(path)"),
    ("histories", "if kept != secret:", "if not kept:"),
    ("values", "or len(components) == precision", "or len(components) > precision"),
    ("values", "place = bisect_right(bounds, count)", "place = bisect_right(bounds, count - 1)"),
    ("reports", "sorted(_number(key, item) for item in answer)", "map(key.values.get, answer)"),
    ("envelopes", "registry_digest=request.registry_digest\n", 'registry_digest=""\n'),
    ("answers", "plan.tries + (1 if busy else 0)", "plan.tries"),
    ("answers", '503: "UNAVAILABLE"', '503: "NOT_FOUND"'),
    ("schedule", "begin = max(now, not_before)", "begin = now"),
    ("schedule", "chance * (WEEK if first", "chance * (0 if first"),
    ("schedule", "first = first and not_before > week.start", "pass"),
    ("schedule", "first=first)", "first=False)"),
    ("switches", "switches.machine_off(off_file)", "switches.machine_off('')"),
    ("switches", "    os.lstat(file)", "    os.stat(file)"),
    ("switches", "lstat(file)\n    except (FileNotFoundError, NotADirectoryError)", NO_FOLDER),
    ("switches", 'return "/etc/headcount/off"', 'return "/etc/headcount.off"'),
    ("switches", 'environment.get("DO_NOT_TRACK", "")', 'environment.get("TRACK", "")'),
    ("consent", "if now < record.notice + QUIET:", "if now < record.notice:"),
    ("consent", "and not is_refused(key, refused)\n", "\n"),
    ("oblivious", "SIZES = (1 << 10,", "SIZES = (1 << 9,"),
    ("evolution", "min(key.precision, self.precision)", "key.precision"),
    ("evolution", "present.type, present.purpose", "present.type, self.purpose"),
    ("evolution", "present.threshold >= self.threshold", "present.threshold >= 0"),
]
"""A file of cases, and a fault of the client that it must find: a piece of code, and another."""


def conformance(*options: str, client: Path | None = None) -> dict[str, Any]:
    """What the run tells of the client that stands in a folder, or of the installed one."""
    path = [str(TESTS)] if client is None else [str(client), str(TESTS)]
    path += filter(None, [os.environ.get("PYTHONPATH")])  # a clock of another day comes with it
    done = subprocess.run(
        [REGISTRY, "conformance", "--format", "json", *options, "--", sys.executable, *RUNNER],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, 1}, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert not told["trouble"], told
    return told


@pytest.mark.slow
def test_the_python_client_keeps_what_all_clients_must_keep() -> None:
    told = conformance()
    assert told["failed"] == []
    assert {each["operation"] for each in told["untried"]} == {"envelope_json", "response_json"}


def test_every_file_of_cases_has_a_mutant() -> None:
    assert {name for name, _, _ in MUTANTS} == set(vectors.names())


@pytest.mark.heavy
@pytest.mark.parametrize(("name", "code", "fault"), MUTANTS)
def test_a_fault_of_the_client_is_found(tmp_path: Path, name: str, code: str, fault: str) -> None:
    shutil.copytree(
        ROOT / "client" / "headcount",
        tmp_path / "headcount",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    texts = {file: file.read_text("utf-8") for file in tmp_path.rglob("*.py")}
    (place,) = (file for file, text in texts.items() if code in text)
    place.write_text(texts[place].replace(code, fault, 1), encoding="utf-8")
    told = conformance("--only", name, client=tmp_path)
    assert told["failed"]
