"""No kill and no power cut loses an acknowledged report: at any write that a server makes.

`test_power_loss` cuts chosen places of chosen files. Here strace records every
write and sync of a whole server, from its first start or from an upgrade of the
schema, through reports, two closes, an end and a second start. Then the disk is
put together as a kill or a power cut at some place of the record leaves it
(`disk_record` says what a cut may take away), and a server starts from there.

A short form by default; `HEADCOUNT_POWER_CUTS=3000` tries so many disks (`make soak`).
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from itertools import count
from pathlib import Path
from random import Random

import pytest
from headcount_server.counting import answers
from headcount_server.errors import ServerError
from headcount_server.registry.schema import Project
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.audit import audit
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support import chance
from support.disk_record import Disk, Step, contents, put, traced
from support.older_schema import make_first
from support.store_files import dump

pytestmark = pytest.mark.slow

CUTS = int(os.environ.get("HEADCOUNT_POWER_CUTS", "240"))
CHILD = Path(__file__).with_name("power_child.py")
UPGRADED = Week(2026, 47)
BEFORE = {"from nothing": 0, "from an older schema": 3}
"""Reports that this week has when a record begins, by where it begins."""

CLOSED_BY_THEN = {2: [UPGRADED, UPGRADED.next()]}
"""Weeks that have closed when the server says for this time that all is erased."""
LOT = chance.of("power cuts")

Numbers = dict[Week, set[int]]
Tell = Callable[[str, object], None]


@dataclass(frozen=True)
class Record:
    """The steps of a server, the files before them, and where these were."""

    steps: list[Step]
    before: dict[str, bytes]
    place: Path
    had: int

    def heard(self, steps: int) -> Numbers:
        """Numbers of the reports that were acknowledged within so many steps, by week."""
        heard: Numbers = {}
        for step in self.steps[:steps]:
            if step.path.endswith("acknowledged") and step.what == "write":
                week, number = step.data.decode().split()
                heard.setdefault(Week.parse(week), set()).add(int(number))
        return heard

    def without(self, what: str) -> Record:
        """The same, of a server that does not sync some of its files or directories."""
        steps = [s for s in self.steps if s.what != "sync" or not re.search(what, s.path)]
        assert len(steps) < len(self.steps)
        return replace(self, steps=steps)

    def killed(self, most: int, chance: Random) -> Iterator[tuple[int, dict[str, bytes]]]:
        """What kills leave: after how many steps, and the files."""
        chosen = set(chance.sample(range(len(self.steps)), min(most, len(self.steps))))
        disk = Disk(self.before)
        for number, step in enumerate(self.steps):
            disk.do(step)
            if number in chosen:
                yield number + 1, disk.killed()

    def cut_off(
        self, most: int, chance: Random, kept: Sequence[float] = (0.0, 0.2, 0.5, 0.8, 1.0)
    ) -> Iterator[tuple[int, dict[str, bytes]]]:
        """What power cuts leave: after how many steps, and the files."""
        chosen = sorted(chance.choices(range(len(self.steps)), k=most))
        disk = Disk(self.before)
        for number, step in enumerate(self.steps):
            disk.do(step)
            while chosen and chosen[0] == number:
                chosen.pop(0)
                torn = chance.random() < 0.5
                yield number + 1, disk.cut_off(chance, chance.choice(kept), torn=torn)


def hashed(key: bytes, week: Week, number: int) -> bytes:
    """What is kept of a token, as `week_keys` makes it."""
    text = f"toy:{week}:".encode() + number.to_bytes(16)
    return blake2b(text, key=key, digest_size=16).digest()


@pytest.fixture(scope="module", name="record", params=list(BEFORE))
def _record(
    request: pytest.FixtureRequest, toy_registry: Path, tmp_path_factory: pytest.TempPathFactory
) -> Record:
    place = tmp_path_factory.mktemp("power") / "disk"
    place.mkdir()
    had = BEFORE[request.param]
    if had:
        make_first(place)
    before = contents(place)
    program = (sys.executable, CHILD, toy_registry, place, place.with_name("clock"))
    # The index of the log is made anew by whoever opens a database first.
    steps = [step for step in traced(program, place) if not step.path.endswith("-shm")]
    return Record(steps, before, place, had)


class Successor:
    """A server that starts from what a kill or a power cut left, and what is wrong with it."""

    def __init__(self, record: Record, toy: Project, places: Iterator[Path]) -> None:
        self._record = record
        self._toy = toy
        self._places = places
        self._final = record.heard(len(record.steps))

    def first_problem(
        self, disks: Iterable[tuple[int, dict[str, bytes]]], tell: Tell | None = None
    ) -> str | None:
        """The first problem on one of these disks; tells how many were tried."""
        tried = 0
        for steps, files in disks:
            tried += 1
            found = self.problem(files, self._record.heard(steps))
            if found is not None:
                return f"after {steps} steps: {found}"
        if tell is not None:
            tell("disks", tried)
        return None

    def problem(self, files: Mapping[str, bytes], heard: Numbers) -> str | None:
        """What is wrong on a disk after these reports were acknowledged."""
        path = next(self._places) / "headcount.db"
        path.parent.mkdir()
        put(files, self._record.place, path.parent)
        try:
            store = SqliteStore(path)
        except (ServerError, sqlite3.Error) as error:
            return f"the server does not start: {error}"
        try:
            problems = [*self._lost(store, heard), *self._wrong(path)]
            if not store.wipe_leftovers():
                problems.append("not erased")
        except (ServerError, sqlite3.Error) as error:
            problems = [f"the server does not work: {error}"]
        finally:
            store.close()
        return "; ".join([*problems, *audit(path).findings]) or None

    def _lost(self, store: SqliteStore, heard: Numbers) -> Iterator[str]:
        open_weeks = store.open_weeks()
        published = {
            week.week: (week.threshold, week.projects[0].publication.reports)
            for week in store.published(None, None, 9)
        }
        for week, numbers in heard.items():
            if week in open_weeks:
                outcomes = store.count([self._entry(week, number) for number in sorted(numbers)])
                if set(outcomes) != {Outcome.DUPLICATE}:
                    yield f"{outcomes.count(Outcome.COUNTED)} reports of {week} are lost"
                continue
            threshold, reports = published.get(week, (1, 0))
            total = len(self._final[week]) + self._record.had * (week == UPGRADED)
            if reports != total - total % threshold:
                yield f"{week} had {total} reports, {reports} are published"

    def _entry(self, week: Week, number: int) -> Entry:
        report = self._toy.report_class(note={"value": f"text {number}"}).SerializeToString()
        read = answers.read(self._toy, report, date(2026, 11, 19))
        return Entry(week, self._toy, number.to_bytes(16), read)

    @staticmethod
    def _wrong(path: Path) -> Iterator[str]:
        tables = dump(path)
        reports = {week: n for week, _, n in tables["open_reports"]}
        for name in tables:
            if name.startswith("tokens_"):
                week = name.removeprefix("tokens_").replace("_", "-")
                if len(tables[name]) != reports.get(week, 0):
                    yield f"{week} has {len(tables[name])} tokens, {reports.get(week)} reports"


@pytest.fixture(name="successor")
def _successor(record: Record, toy: Project, tmp_path: Path) -> Successor:
    return Successor(record, toy, (tmp_path / str(number) for number in count()))


def test_a_kill_after_any_write_loses_nothing(
    record: Record, successor: Successor, record_property: Tell
) -> None:
    disks = record.killed(CUTS // 4, LOT)
    assert successor.first_problem(disks, record_property) is None


def test_a_power_cut_after_any_write_loses_nothing_that_was_acknowledged(
    record: Record, successor: Successor, record_property: Tell
) -> None:
    disks = record.cut_off(CUTS // 4, LOT)
    assert successor.first_problem(disks, record_property) is None


def test_what_the_server_calls_erased_comes_back_after_no_power_cut(record: Record) -> None:
    """Keys and token hashes of closed weeks, once the metric says that they are gone."""
    keys = {Path(path).stem: data for path, data in record.before.items() if path.endswith(".key")}
    reports = record.heard(len(record.steps))
    disk, said, traces, back = Disk(record.before), 0, [], set()
    for number, step in enumerate(record.steps):
        disk.do(step)
        if step.path.endswith(".new") and step.what == "write" and any(step.data):
            keys[Path(step.path).stem] = step.data
        if step.path.endswith("/erased") and step.what == "write":
            said += 1
            for week in CLOSED_BY_THEN.get(said, ()):
                key = keys[str(week)]
                traces += [key, *(hashed(key, week, number) for number in reports[week])]
        if traces:
            left = b"".join(disk.cut_off(LOT, LOT.choice([0.0, 0.5]), torn=False).values())
            back |= {number for trace in traces if trace in left}
    assert len(traces) == 1 + 20 + 1 + 25
    assert back == set()


def test_what_is_given_back_to_the_disk_holds_no_key_and_no_hash(record: Record) -> None:
    """The blocks of files that are shortened or removed keep what stood in them."""
    disk, freed = Disk(record.before), []
    keys = [data for path, data in record.before.items() if path.endswith(".key")]
    renamed = ""
    for step in record.steps:
        if step.what == "cut":
            freed.append(disk.killed().get(step.path, b"")[step.at :])
        elif step.what == "unname" and step.path != renamed:
            freed.append(disk.killed().get(step.path, b""))
        elif step.what == "name":
            renamed = step.data.decode()
        elif step.what == "write" and step.path.endswith(".new"):
            keys.append(step.data)
        disk.do(step)
    left = b"".join(freed)
    assert len(left) > 100_000
    heard = record.heard(len(record.steps))
    traces = [
        hashed(key, week, number)
        for key in keys
        for week, numbers in heard.items()
        for number in numbers
    ]
    assert [trace for trace in (*keys, *traces) if trace in left] == []


@pytest.mark.parametrize("record", ["from nothing"], indirect=True)
@pytest.mark.parametrize(
    "files", ["-wal$", r"[.]new$", "[.]keys$", r"/disk$"], ids=["log", "key", "keys", "directory"]
)
def test_a_server_that_left_out_a_sync_would_be_caught(
    record: Record, successor: Successor, files: str
) -> None:
    disks = record.without(files).cut_off(200, LOT, kept=(0.0,))
    assert successor.first_problem(disks) is not None


def test_the_record_holds_what_the_promise_is_about(record: Record) -> None:
    """Reports that were acknowledged, one after the other, two closes and two keys destroyed."""
    heard = record.heard(len(record.steps))
    assert [len(heard[week]) for week in sorted(heard)] == [20, 25]
    gone = [step for step in record.steps if step.what == "unname" and step.path.endswith(".key")]
    assert len(gone) == 2
