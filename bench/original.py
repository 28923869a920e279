"""Measure the original server of Backdrop beside this one, with the request of Backdrop's sites.

    BACKDROP=TREE [BACKDROP_SERVER=TREE] python bench/original.py [--seconds S] [--rounds N]

BACKDROP names a tree of Backdrop CMS. BACKDROP_SERVER names a tree of its Project module, which
has the server that receives (backdrop-contrib/project); leave it out if the tree of Backdrop has
it below `modules`. Both are copied, and a site is installed from the copies. It needs the Debian
packages php-fpm, php-cli, php-gd, php-mbstring, php-mysql, php-xml, nginx, mariadb-server and
openssl. Without BACKDROP, the program says what to set and measures nothing.

Each report comes on a new connection, plain and with TLS. This server does TLS itself, and once
more behind the documented nginx, as the original is. All take turns and are held to the same core
with all their processes. The load has another.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import backdrop
import doors
import nginx
import reports
import results
import servers
from backdrop import CORE, SERVER, Trees
from callers import Calls, Crowd
from load import Rate
from results import BUSY, GENERATOR, SPENT, Result
from support.server_process import held_port

OURS, BEHIND, ORIGINAL = "headcount", "headcount behind nginx", "original"
PLAIN, TLS = "a new connection", "a new TLS connection"
WAYS = {doors.BACKDROP: PLAIN, doors.BACKDROP_TLS: TLS}
"""The doors of this server, and their names here."""
LEAST = {(OURS, PLAIN): 4.0, (OURS, TLS): None, (BEHIND, TLS): 2.0}
"""Smallest ratio of this server's rate to that of the original, for each way."""
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
        self._sent = dict.fromkeys((OURS, BEHIND, ORIGINAL), 0)

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
                port = original.encrypted if door.encrypted else original.plain
                sides.append(self._side(ORIGINAL, door, port, original.pids, identity[0]))
                for server in (each for each, way in LEAST if way == WAYS[door.name]):
                    place = folder / f"{server} {WAYS[door.name]}".replace(" ", "-")
                    place.mkdir()
                    files.append(place / f"{MODE}.db")
                    begun = _behind if server == BEHIND else _ours
                    port, *pids = stack.enter_context(begun(place, identity, door))
                    sides.append(self._side(server, door, port, pids, identity[0]))
            self._measure(sides)
            self._weigh(ORIGINAL, original.kept(), original.disk())
        self._sent[OURS] += self._sent[BEHIND]
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
    for (ours, way), least in LEAST.items():
        low = [
            f"{server} {_share(result, f'{server}, {way}'):.0%}"
            for server in (ours, ORIGINAL)
            if _disturbed(result, f"{server}, {way}")
        ]
        if low:
            result.notes.append(
                f"With {way}, other work on the machine left {' and '.join(low)} of its core: "
                "there is no ratio of these rates, only one of processor times."
            )
        else:
            _compare(result, ours, way, least)
        _compare(result, ours, f"{way}, {SPENT}")
    _compare(result, OURS, DISK)


def _compare(result: Result, ours: str, what: str, least: float | None = None) -> None:
    names = f"{ours}, {what}", f"{ORIGINAL}, {what}"
    result.expect(f"{ours}/{ORIGINAL}, {what}", *names, least=least)


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


@contextmanager
def _ours(place: Path, identity: tuple[Path, Path], door: doors.Door) -> Iterator[tuple[int, ...]]:
    """Yield the port and the process of this server."""
    files = identity if door.encrypted else ()
    core = servers.SERVER_CORE
    with servers.intake(MODE, place, reports.REGISTRY, files, core=core) as server:
        yield server.public, server.process.pid


@contextmanager
def _behind(
    place: Path, identity: tuple[Path, Path], door: doors.Door
) -> Iterator[tuple[int, ...]]:
    """Yield the port of the documented nginx before this server, and the processes of both."""
    with (
        _ours(place, identity, door._replace(encrypted=False)) as (server, pid),
        held_port() as held,
    ):
        port = held.getsockname()[1]
        certificate, key = map(str, identity)
        changes = {
            r"\n    listen \[::\].*": "",
            r"listen 443 ssl": f"listen {servers.LOOPBACK}:{port} ssl",
            r"/etc/ssl/telemetry\.example\.org\.pem": certificate,
            r"/etc/ssl/private/telemetry\.example\.org\.key": key,
            r"/var/log/nginx/": f"{place}/",
            r"127\.0\.0\.1:8080": f"{servers.LOOPBACK}:{server}",
        }
        documented = nginx.DEPLOY / "nginx.conf"
        with nginx.running(place, documented, changes, port, servers.SERVER_CORE) as proxy:
            yield port, pid, proxy


def _disk(file: Path) -> float:
    """Return the bytes of a database whose server has ended."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return float(file.stat().st_size)


def main() -> int:
    """Measure and print, if there is an original."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=11, help="measurements of each server")
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
