"""Compare the speed of this tree with that of another revision, in one run.

    python bench/compare.py REV [--rounds N]

The revision is checked out beside this tree, and removed again. In each round both trees
do the same work, one right after the other, in alternating order, from their own packages
and with the same registry. A figure is slower if the whole interval of its ratios lies
beyond the allowance. The interval contains the true median in 97 of 100 cases (order
statistics), so it is wide on a busy machine. Exit status: 1 if anything is slower, 2 if
nothing could be compared or this tree fails.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import doors
import reports
import servers
from load import Load

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = 1.05
"""Largest ratio to the earlier time that is no finding."""
CERTAIN = 0.97
CONNECTIONS, STREAMS = 16, 8  # as many as every revision accepts
CALLERS = 32
SECONDS = 2
DECLARATIONS = Path("registry", "declarations")
REGISTRY = Path("registry", "generated", "registry.binpb")
CLIENTS = Path("registry", "generated", "clients")
PACKAGES = (Path("client"), Path("server"), Path("registry"), CLIENTS)
ASKED = """
import sys, tempfile
from bee_telemetry import Collectors, Telemetry
Telemetry(Collectors(), state_directory=tempfile.gettempdir() + "/nobody", environment={}).due()
"""


class Tree(NamedTuple):
    """A checked-out revision."""

    path: Path
    registry: Path
    """The registry for both trees."""

    def environment(self) -> dict[str, str]:
        """Return an environment in which Python imports the packages of this tree."""
        paths = [str(self.path / package) for package in PACKAGES]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}

    def run(self, *command: str | Path) -> float:
        """Return the seconds of processor time that Python takes for this code."""
        before = os.times()
        subprocess.run(
            servers.pinned(servers.SERVER_CORE, [sys.executable, *command]),
            env=self.environment(),
            cwd=tempfile.gettempdir(),
            check=True,
            capture_output=True,
        )
        after = os.times()
        return (after.children_user + after.children_system) - (
            before.children_user + before.children_system
        )


def intake(tree: Tree, place: Path) -> float:
    """Return the seconds for a thousand durable reports over gRPC."""
    body = place / "request"
    body.write_bytes(reports.framed(tree.registry))
    with _taking(tree, place) as server:
        rate = Load(body).rate(server.process.pid, server.grpc, SECONDS, CONNECTIONS, STREAMS)
        return 1000 / rate.per_second


def kept(tree: Tree, place: Path) -> float:
    """Return the processor microseconds of a JSON report over connections that stay open."""
    body = place / "request"
    body.write_bytes(reports.as_json(tree.registry))
    with _taking(tree, place) as server:
        load = Load(body, json=True)
        rate = load.rate(server.process.pid, server.public, SECONDS, doors.KEPT_CONNECTIONS, 1)
        return rate.microseconds


def new(name: str, tree: Tree, place: Path) -> float:
    """Return the processor microseconds of a report at a door, over a new connection."""
    door = next(door for door in doors.all_doors(tree.registry) if door.name == name)
    identity = servers.identity(place)
    with _taking(tree, place, identity if door.encrypted else ()) as server:
        keep = partial(door.crowd(server, identity[0]).keep, CALLERS, SECONDS)
        return doors.rate_of(name, keep, server.process.pid).microseconds


def _taking(
    tree: Tree, place: Path, identity: Sequence[Path] = ()
) -> AbstractContextManager[servers.Serving]:
    return servers.intake(
        "durable",
        place,
        tree.registry,
        identity,
        script=tree.path / "bench" / "intake_server.py",
        environment=tree.environment(),
        core=servers.SERVER_CORE,
    )


def start_up(tree: Tree, place: Path) -> float:
    """Return the seconds until a server answers, on a new database."""
    return _served(tree, place, servers.Product.start)


def memory(tree: Tree, place: Path) -> float:
    """Return the resident memory of a server that has just started, in MB."""

    def resident(product: servers.Product) -> float:
        product.start()
        return servers.memory(product.pid)

    return _served(tree, place, resident)


def scrape(tree: Tree, place: Path) -> float:
    """Return the seconds of twenty requests for the public page and metrics of a new server."""

    def looked(product: servers.Product) -> float:
        product.start()
        begin = time.perf_counter()
        for _ in range(20):
            servers.fetch(product.ports["public"], "/metrics")
            servers.fetch(product.ports["public"], "/")
        return time.perf_counter() - begin

    return _served(tree, place, looked)


def _served(tree: Tree, place: Path, ask: Callable[[servers.Product], float]) -> float:
    program = [sys.executable, "-c", "from headcount_server.cli import main; main()"]
    product = servers.Product(
        place,
        tree.registry,
        program=program,
        environment=tree.environment(),
        core=servers.SERVER_CORE,
    )
    try:
        return ask(product)
    finally:
        product.kill()


def client(tree: Tree, _place: Path) -> float:
    """Return the processor seconds of an interpreter that asks whether a report is due."""
    return tree.run("-c", ASKED)


def build(tree: Tree, place: Path) -> float:
    """Return the processor seconds of building the shipped registry."""
    lock = place / "registry.lock"
    program = "from headcount_registry.cli import main; main()"
    declarations = tree.path / DECLARATIONS
    return tree.run("-c", program, "build", declarations, "--out", place / "out", "--lock", lock)


FIGURES: Mapping[str, Callable[[Tree, Path], float]] = {
    "taking a report": intake,
    doors.KEPT: kept,
    **{name: partial(new, name) for name in doors.LEAST if name != doors.KEPT},
    "start of the server": start_up,
    "memory of the server": memory,
    "public page and metrics": scrape,
    "client: is anything due?": client,
    "building the registry": build,
}


class Finding(NamedTuple):
    """The ratio of a figure to the earlier one."""

    times: float
    lowest: float
    highest: float
    certain: bool
    """Whether there were enough rounds to tell anything."""

    @property
    def slower(self) -> bool:
        """Whether this tree is slower than chance and the allowance explain."""
        return self.certain and self.lowest > ALLOWED

    @property
    def faster(self) -> bool:
        """Whether this tree is faster than chance and the allowance explain."""
        return self.certain and self.highest < 1 / ALLOWED


def finding(ratios: Sequence[float]) -> Finding:
    """Return the median of some ratios and its interval by order statistics."""
    ordered, rounds = sorted(ratios), len(ratios)

    def certainty(outside: int) -> float:
        """Return the probability that the median lies within, with some left out on each side."""
        return 1 - 2 * sum(math.comb(rounds, k) for k in range(outside + 1)) / 2.0**rounds

    outside = 0
    while certainty(outside + 1) >= CERTAIN:
        outside += 1
    within = ordered[outside], ordered[-1 - outside]
    return Finding(statistics.median(ordered), *within, certainty(0) >= CERTAIN)


@contextmanager
def worktree(revision: str) -> Iterator[Path]:
    """Yield a checkout of the revision, which is removed when the block ends."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "base")
        git = ["git", "-C", str(ROOT)]
        done = subprocess.run(
            [*git, "worktree", "add", "--detach", path, revision],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(f"{revision}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            sys.exit(2)
        try:
            yield path
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", path], check=False)


def compared(base: Path, rounds: int, names: Sequence[str]) -> dict[str, list[float]]:
    """Return the ratios of this tree to the other, by figure, without those the other lacks."""
    trees = (Tree(ROOT, base / REGISTRY), Tree(base, base / REGISTRY))
    ratios: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        print(f"round {turn + 1} of {rounds}", flush=True)
        for name in list(ratios):
            seconds: dict[Path, float] = {}
            for tree in trees if turn % 2 else reversed(trees):
                try:
                    with tempfile.TemporaryDirectory() as place:
                        seconds[tree.path] = FIGURES[name](tree, Path(place))
                except (OSError, subprocess.CalledProcessError, SystemExit) as error:
                    if tree.path == ROOT:
                        print(f"{name}: this tree cannot do it\n{_reason(error)}", file=sys.stderr)
                        sys.exit(2)
                    print(f"{name}: left out, the other revision cannot do it")
                    print(_reason(error))
                    break
            if len(seconds) < len(trees):
                del ratios[name]
            else:
                ratios[name].append(seconds[ROOT] / seconds[base])
    return ratios


def _reason(error: BaseException) -> str:
    if isinstance(error, subprocess.CalledProcessError) and error.stderr:
        return str(error.stderr.decode().strip().splitlines()[-1])
    return str(error)


def main() -> int:
    """Compare, print, and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", metavar="REV", help="what to compare this tree with")
    parser.add_argument("--rounds", type=int, default=9, help="of both trees; 7 at least to tell")
    parser.add_argument("--only", nargs="+", choices=list(FIGURES), default=list(FIGURES))
    given = parser.parse_args()
    with worktree(given.revision) as base:
        ratios = compared(base, given.rounds, given.only)
    findings = {name: finding(found) for name, found in ratios.items()}
    print(f"This tree beside {given.revision}; above 1 takes more time or memory than before.")
    if not all(found.certain for found in findings.values()):
        print("Too few rounds to tell slower from restless; take 7 or more.")
    for name, found in findings.items():
        words = "SLOWER" if found.slower else "faster" if found.faster else ""
        interval = f"{found.lowest:.2f} to {found.highest:.2f}"
        print(f"{name:<40}{found.times:6.2f}   {interval:<16}{words}".rstrip())
    if not findings:
        return 2
    return int(any(found.slower for found in findings.values()))


if __name__ == "__main__":
    sys.exit(main())
