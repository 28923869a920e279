"""The page on scale is what its samples make, and its plan is arithmetic that can be redone."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from support.repository import ROOT

BENCH = ROOT / "bench"


@pytest.fixture(name="page")
def _page(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCH))
    yield importlib.import_module("scale_page")
    for name in set(sys.modules) - before:
        if str(BENCH) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_the_published_page_is_what_its_samples_make() -> None:
    done = subprocess.run(
        [sys.executable, BENCH / "scale_page.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_program_explains_itself() -> None:
    done = subprocess.run(
        [sys.executable, BENCH / "scale.py", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "python bench/scale.py" in done.stdout
    assert "--quick" in done.stdout


@pytest.mark.parametrize(
    ("installations", "peak", "cores", "choice"),
    [
        (10**6, "4.96", "0.0099", "one server on SQLite"),
        (604_800_000, "3,000", "6", "6 servers on one PostgreSQL"),
        (2 * 604_800_000, "6,000", "12", "12 servers on Citus, 2 nodes"),
        (4 * 604_800_000, "12,000", "24", "24 servers on Citus, 3 nodes"),
    ],
)
def test_the_plan_is_the_costs_times_the_peak(
    page: ModuleType, installations: int, peak: str, cores: str, choice: str
) -> None:
    cost = page.Costs(
        sqlite_rate=4000,
        server=0.001,
        database=0.002,
        log=700,
        token=80,
        key=40,
        totals=10**7,
        closed=10**5,
    )
    found = page.plan(cost, installations)
    assert found["peak, reports/s"] == peak
    assert found["cores for servers"] == cores
    assert found["so"] == f"**{choice}**"
    assert found["totals of an open week"] == "10 MB"


def test_a_run_on_a_database_elsewhere_has_no_plan(page: ModuleType) -> None:
    data = json.loads((ROOT / "docs" / "generated" / "scale.json").read_text(encoding="utf-8"))
    series = data["result"]["series"]
    data["result"]["series"] = {
        name: one for name, one in series.items() if "processor time of PostgreSQL" not in name
    }
    assert "No plan" in page.rendered(data)
    assert "| so |" not in page.rendered(data)
