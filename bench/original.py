"""Measure the original server of Backdrop beside this one, with the request of Backdrop's sites.

    BACKDROP=TREE [BACKDROP_SERVER=TREE] python bench/original.py [--seconds S] [--rounds N]

BACKDROP names a tree of Backdrop CMS. BACKDROP_SERVER names a tree of its Project module, which
has the server that receives (backdrop-contrib/project); leave it out if the tree of Backdrop has
it below `modules`. Both are copied, and a site is installed from the copies. It needs the Debian
packages php-fpm, php-cli, php-gd, php-mbstring, php-mysql, php-xml, nginx, mariadb-server and
openssl. Without BACKDROP, the program says what to set and measures nothing.

Each report comes on a new connection, plain and with TLS. Both servers take turns and are held to
the same core, the original with all its processes. The load has another.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import backdrop
import doors
import reports
import results
import servers
from backdrop import CORE, SERVER, Trees
from callers import Calls, Crowd
from load import Rate
from results import BUSY, GENERATOR, SPENT, Result

OURS, ORIGINAL = "headcount", "original"
WAYS = {doors.BACKDROP: "a new connection", doors.BACKDROP_TLS: "a new TLS connection"}
"""The doors of this server, and their names here."""
MODE = "pinned"
WARM_UP = 50
"""Reports to each server before the first round."""
DISK = "disk for a report"
ALONE = 0.8
"""Share of its core that a server has at least if nothing else runs and all callers wait for it."""


class Side(NamedTuple):
    """A server and one of the ways to it."""

    server: str
    way: str
    pids: tuple[int, ...]
    crowd: Crowd

    @property
    def name(self) -> str:
        """The name of its series."""
        return f"{self.server}, {self.way}"


class Measurement:
    """The rounds of one run."""

    def __init__(self, result: Result, given: argparse.Namespace) -> None:
        self._result = result
        self._given = given
        self._sent = dict.fromkeys((OURS, ORIGINAL), 0)

    def run(self, trees: Trees, folder: Path) -> None:
        """Measure both servers, and compare what was acknowledged with what they hold."""
        identity = servers.identity(folder)
        files = []
        with ExitStack() as stack:
            original = stack.enter_context(
                backdrop.running(trees, folder, identity, reports.PROJECT, _keys())
            )
            self._result.notes.append(original.words())
            sides = []
            for door in (each for each in doors.all_doors() if each.name in WAYS):
                place = folder / ("encrypted" if door.encrypted else "plain")
                place.mkdir()
                files.append(place / f"{MODE}.db")
                ours = stack.enter_context(
                    servers.intake(
                        MODE, place, reports.REGISTRY, identity if door.encrypted else (),
                        core=servers.SERVER_CORE,
                    )
                )  # fmt: skip
                port = original.encrypted if door.encrypted else original.plain
                sides += [
                    self._side(ORIGINAL, door, port, original.pids, identity[0]),
                    self._side(OURS, door, ours.public, [ours.process.pid], identity[0]),
                ]
            self._measure(sides)
            self._weigh(ORIGINAL, original.kept(), original.disk())
        self._weigh(OURS, sum(map(servers.counted, files)), sum(map(_disk, files)))
        judge(self._result)

    def _side(
        self, server: str, door: doors.Door, port: int, pids: Sequence[int], certificate: Path
    ) -> Side:
        authority = certificate if door.encrypted else None
        crowd = Crowd(port, door.wire, door.reader, authority, core=servers.load_core(pids[0]))
        return Side(server, WAYS[door.name], tuple(pids), crowd)

    def _measure(self, sides: Sequence[Side]) -> None:
        for side in sides:
            self._rate(side, partial(side.crowd.come, WARM_UP, 1.0))
        for turn in range(self._given.rounds):
            print(f"round {turn + 1} of {self._given.rounds}", flush=True)
            for side in sides:
                keep = partial(side.crowd.keep, self._given.callers, self._given.seconds)
                self._rate(side, keep).add(self._result, side.name)

    def _rate(self, side: Side, call: Callable[[], Calls]) -> Rate:
        def counted() -> Calls:
            calls = call()
            self._sent[side.server] += calls.good
            return calls

        return doors.rate_of(side.name, counted, *side.pids)

    def _weigh(self, server: str, kept: int, disk: float) -> None:
        """Add the disk of a report; end the program if not every one was kept."""
        sent = self._sent[server]
        if kept != sent:  # the original says 200 even if it keeps nothing
            sys.exit(f"{server} acknowledged {sent:,} reports and holds {kept:,}")
        self._result.add(f"{server}, {DISK}", "B", disk / kept)


def judge(result: Result) -> None:
    """Add the ratios, but no ratio of rates if other work took much of a server's core.

    Such work lowers the rate of one server more than that of the other.
    """
    for way in WAYS.values():
        low = [
            f"{server} {_share(result, f'{server}, {way}'):.0%}"
            for server in (OURS, ORIGINAL)
            if _disturbed(result, f"{server}, {way}")
        ]
        if low:
            result.notes.append(
                f"With {way}, other work on the machine left {' and '.join(low)} of its core: "
                "there is no ratio of these rates, only one of processor times."
            )
        else:
            _compare(result, way)
        _compare(result, f"{way}, {SPENT}")
    _compare(result, DISK)


def _compare(result: Result, what: str) -> None:
    result.expect(f"{OURS}/{ORIGINAL}, {what}", f"{OURS}, {what}", f"{ORIGINAL}, {what}")


def _disturbed(result: Result, name: str) -> bool:
    """Return whether a server had little of its core although callers waited for it."""
    waited_for = result.series[f"{name}, {GENERATOR}"].median <= BUSY
    return waited_for and _share(result, name) < ALONE


def _share(result: Result, name: str) -> float:
    """Return the share of its core that a server had, as a median."""
    rates, spent = (result.series[each].samples for each in (name, f"{name}, {SPENT}"))
    return statistics.median(a * b / 1e6 for a, b in zip(rates, spent, strict=True))


def _keys() -> list[str]:
    """Return the keys of the request, except the version, which is a column of its own."""
    return [key for key in json.loads(reports.BACKDROP)[reports.PROJECT] if key != "version"]


def _disk(file: Path) -> float:
    """Return the bytes of a database whose server has ended."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return float(file.stat().st_size)


def main() -> int:
    """Measure and print, if there is an original."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each server")
    parser.add_argument("--callers", type=int, default=32, help="callers at any time")
    given = results.arguments(parser)
    if given.quick:
        given.seconds, given.rounds = 1, 1
    trees = backdrop.named(os.environ)
    if trees is None:
        print(
            f"original: not measured; set {CORE} to a tree of Backdrop CMS, and {SERVER} to one "
            "of its Project module (backdrop-contrib/project)"
        )
        return 0
    result = results.began(given)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o755)  # processes of other users have files there if this one is root
        # All that is started from here runs there; the callers then move to another core.
        os.sched_setaffinity(0, {int(servers.SERVER_CORE)})
        Measurement(result, given).run(trees, folder)
    results.tell(result)
    return results.finished(result, given)


if __name__ == "__main__":
    sys.exit(main())
