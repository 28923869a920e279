"""The benchmarks: their page is what their samples make, and the suite can be trusted to tell."""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support.repository import ROOT
from support.server_process import installed

BENCH = ROOT / "bench"
MAKEFILE = ROOT / "Makefile"

Load = Callable[[str], ModuleType]
Sample = Any
"""A `results.Result`; the suite's modules are known only where they are imported."""


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Imports a module of the suite as its programs do."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCH))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(BENCH) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(name="sample")
def _sample(bench: Load) -> Sample:
    """A result of three rounds in which the second server is twice as fast."""
    result = bench("results").Result(command="python bench/some.py")
    result.add("slow", "reports/s", [100, 90, 110])
    result.add("fast", "reports/s", [200, 180, 221])
    result.expect("slow/fast", "slow", "fast", least=0.6)
    result.expect("fast/slow", "fast", "slow")
    result.expect("never/seen", "never", "fast", most=1)
    return result


def test_the_published_page_is_what_its_samples_make() -> None:
    done = subprocess.run(
        [sys.executable, BENCH / "page.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_targets_that_the_documents_name_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE.read_text(encoding="utf-8"), re.MULTILINE))
    text = (BENCH / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", text))
    assert {"bench", "bench-intake", "bench-compare"} <= named <= targets


def test_every_part_of_the_page_is_a_program_that_explains_itself(bench: Load) -> None:
    for part in bench("page").PARTS:
        program = BENCH / f"{part.name}.py"
        done = subprocess.run(
            [sys.executable, program, "--help"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert f"python bench/{part.name}.py" in done.stdout
        assert "--json" in done.stdout


def test_a_ratio_is_the_median_of_its_rounds_and_a_missed_budget_is_told(sample: Sample) -> None:
    values = {budget.name: value for budget, value in sample.values()}
    assert values == {"slow/fast": 0.5, "fast/slow": 2.0}
    assert not sample.kept()


def test_what_was_not_measured_does_not_appear(bench: Load, sample: Sample) -> None:
    page = bench("page")
    data = {"machine": {"cores": "2"}, "parts": {"intake": sample.as_json()}}
    text = page.rendered(json.loads(json.dumps(data)))
    assert "| slow/fast | 0.5 | ≥ 0.6 | **missed** |" in text
    assert "| fast/slow | 2 |" in text
    assert "| fast | 200 reports/s | 180–221 |" in text
    assert "never/seen" not in text
    assert "## A burst" not in text
    assert "Not measured in this run: `doors`" in text


@pytest.mark.parametrize(("busy", "value"), [(90.0, 0.5), (90.1, 0.8)])
def test_a_rate_that_the_generator_limits_is_judged_by_processor_time(
    bench: Load, sample: Sample, busy: float, value: float
) -> None:
    for name, spent in (("slow", [500, 550, 450]), ("fast", [400, 440, 360])):
        sample.add(f"{name}, processor time", "µs", spent)
        sample.add(f"{name}, generator", "%", [40, busy if name == "fast" else 50, 60])
    values = {sample.name(budget): value for budget, value in sample.values()}
    words = "" if busy == 90.0 else ", by processor time"
    assert values[f"slow/fast{words}"] == value
    data = {"machine": {"cores": "2"}, "parts": {"doors": sample.as_json()}}
    text = bench("page").rendered(json.loads(json.dumps(data)))
    word = "kept" if words else "**missed**"
    assert f"| slow/fast{words} | {value} | ≥ 0.6 | {word} |" in text
    assert "| fast | 200 reports/s | 180–221 | 400 µs | 60 % |" in text


def test_what_a_report_costs_is_told_from_the_processor_time_of_each_busy_door(
    bench: Load, sample: Sample
) -> None:
    for name, spent in (("durable, gRPC", 510), ("durable, gRPC, at a tenth", 900), ("no-op", 90)):
        sample.add(f"{name}, processor time", "µs", [spent - 10, spent, spent + 10])
    text = bench("page").rendered({"machine": {}, "parts": {"doors": sample.as_json()}})
    _, costs = text.split("## What a report costs\n")
    rows = [line for line in costs.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert rows[2:] == ["| gRPC | 510 µs | 2,000 reports/s |"]


def test_a_limited_rate_without_processor_time_has_no_ratio(sample: Sample) -> None:
    sample.add("fast, generator", "%", [99, 99, 99])
    assert [*sample.values()] == []


def test_processor_time_is_that_of_a_process_and_its_children(bench: Load) -> None:
    work = "import time\nwhile time.process_time() < 0.1: pass"
    both = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}])\n{work}"
    waiting = f"{both}\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert bench("servers").processor_time(process.pid) >= 0.15
        process.communicate(b"\n")


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "cores"), [("durable", 1), ("all-cores", None)])
def test_the_measured_product_counts_and_runs_where_it_places_itself(
    bench: Load, tmp_path: Path, mode: str, cores: int | None
) -> None:
    callers, answers, reports, servers = map(bench, ("callers", "answers", "reports", "servers"))
    allowed = os.sched_getaffinity(0)
    with servers.intake(mode, tmp_path, reports.REGISTRY) as server:
        own = os.sched_getaffinity(server.process.pid)
        assert len(own) == (cores or len(allowed))
        same = callers.Crowd(
            server.grpc, lambda: answers.grpc(reports.framed()), answers.GrpcReader
        )
        calls = same.come(3, 0.1)
        if len(own) < (os.cpu_count() or 1):
            assert int(servers.load_core(server.process.pid)) not in own
    assert calls.answers == {"grpc 0": 3}
    assert servers.counted(tmp_path / f"{mode}.db") == 3  # each has its own token there


def test_a_result_survives_its_file(bench: Load, sample: Sample) -> None:
    again = bench("results").Result.of_json(json.loads(json.dumps(sample.as_json())))
    assert [*again.values()] == [*sample.values()]


@pytest.mark.parametrize(
    ("ratios", "slower"),
    [
        ([1.2, 1.25, 1.19, 1.3, 1.22, 1.21, 1.24, 1.2, 1.23], True),
        ([1.0, 1.02, 0.97, 1.03, 0.99, 1.01, 1.0, 0.98, 1.04], False),
        ([1.2, 1.25, 0.9, 1.3, 0.95, 1.21, 1.24, 1.2, 1.23], False),  # too restless to tell
    ],
)
def test_slower_is_what_neither_chance_nor_the_allowance_explains(
    bench: Load,
    ratios: list[float],
    slower: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert bench("compare").finding(ratios).slower is slower


@pytest.mark.parametrize("rounds", range(3, 30))
def test_the_interval_of_a_comparison_holds_the_median_as_surely_as_it_says(
    bench: Load, rounds: int
) -> None:
    compare = bench("compare")
    found = compare.finding([float(number) for number in range(rounds)])
    outside = int(found.lowest)
    assert found.highest == rounds - 1 - outside

    def certainty(left_out: int) -> float:
        return 1 - 2 * sum(math.comb(rounds, k) for k in range(left_out + 1)) / 2.0**rounds

    assert outside == 0 or certainty(outside) >= compare.CERTAIN
    assert certainty(outside + 1) < compare.CERTAIN


def test_percentiles_are_those_of_all_requests(bench: Load) -> None:
    assert bench("load").percentiles([float(n) for n in range(1001)]) == (500.0, 990.0, 999.0)
    assert bench("load").percentiles([1.0]) == ()


def test_callers_are_counted_by_what_they_heard(bench: Load, tmp_path: Path) -> None:
    callers, answers, reports, servers = map(bench, ("callers", "answers", "reports", "servers"))
    installed("openssl")
    certificate, key = servers.identity(tmp_path)
    flags = (f"--tls-certificate={certificate}", f"--tls-key={key}")
    product = servers.Product(tmp_path, reports.REGISTRY, *flags)
    with servers.running(product):
        message = callers.fresh(answers.grpc(reports.framed()))
        port = product.ports["gRPC"]
        crowd = callers.Crowd(port, message, answers.GrpcReader, certificate)
        calls = crowd.come(40, 0.5)
        one = message()
        same = callers.Crowd(port, lambda: one, answers.GrpcReader, certificate)
        twice = same.come(2, 0.1)
        nonsense = answers.grpc(b"\0\0\0\0\1\xff")
        wrong = callers.Crowd(port, lambda: nonsense, answers.GrpcReader, certificate)
        refused = wrong.come(3, 0.1)
        product.stop()
    assert calls.answers == {"grpc 0": 40}
    assert twice.answers == {"grpc 0": 2}
    assert servers.counted(product.database) == 41
    assert refused.answers == {"grpc 3": 3}
    assert refused.good == 0
