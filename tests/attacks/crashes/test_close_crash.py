"""The close is done once and whole, wherever the server is killed, and however often."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from headcount_server.counting import answers
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.store_files import Row, content, dump, held, take_copy

pytestmark = pytest.mark.slow

W45, W46, W47 = (Week(2026, number) for number in (45, 46, 47))
OVERDUE = "2026-11-24T12:00:00Z"
"""W45 and W46 are to be closed, W47 is still in its grace, W48 is to be opened."""
CANARY = "Canary"
AT_ONCE = 3
STRIDE = int(os.environ.get("HEADCOUNT_STRIDE", "9"))
"""Every so many steps of the close a server is killed: at each step in the long form."""
RANDOM = re.compile(r"[0-9a-f]{16}|[\w+/]{20,}=*")
"""What a leaf of the log has of chance: its name, and hashes with salt."""
INDEX_BYTES = 32_768
"""Size of the index of a log, which is made before the log."""


@dataclass
class Ended:
    """What a server left behind."""

    tables: dict[str, list[Row]]
    keys: list[str]
    canaries: int
    log: int
    steps: int = field(compare=False)


class Servers:
    """Whole servers, each a process, on copies of one database with two overdue weeks."""

    def __init__(self, registry: Path, template: Path, directory: Path) -> None:
        self._registry = registry
        self.template = template
        self._directory = directory
        self._clock = directory / "clock"
        self._clock.write_text(OVERDUE, encoding="ascii")
        self._numbers = count()
        self._idle: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        program = Path(__file__).with_name("close_child.py")
        self.processes = [
            subprocess.Popen(
                [sys.executable, str(program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(AT_ONCE)
        ]
        for process in self.processes:
            self._idle.put(process)

    @contextmanager
    def copy(self) -> Iterator[Path]:
        directory = self._directory / str(next(self._numbers))
        yield take_copy(self.template, directory)
        shutil.rmtree(directory)

    def run(self, database: Path, *, step: int = 0, most: int = 0) -> tuple[int, int]:
        """How a server on a database ended, and the steps that it took to the end."""
        process = self._idle.get()
        assert process.stdin is not None
        assert process.stdout is not None
        job = (self._registry, database, self._clock, step, most)
        print(*job, file=process.stdin, flush=True)
        code, steps = process.stdout.readline().split()
        self._idle.put(process)
        return int(code), int(steps)

    def end(self, database: Path) -> Ended:
        """What is there after one more server, undisturbed, has come and gone."""
        code, steps = self.run(database)
        assert code == 0
        left = held(database)
        tables = dump(database)
        # The check value of the week that is opened is random, and so are salts and their hashes.
        tables["key_checks"] = [row[:1] for row in tables["key_checks"]]
        tables["log_salts"] = [row[:-1] for row in tables["log_salts"]]
        tables["log_leaves"] = [
            (row[0], RANDOM.sub("", str(row[1]))) for row in tables["log_leaves"]
        ]
        return Ended(
            tables=tables,
            keys=[file.name for file in left if file.suffix == ".key"],
            canaries=content(left).count(CANARY.encode()),
            log=sum(file.stat().st_size for file in left if file.name.endswith("-wal")),
            steps=steps,
        )

    def killed(self, **at: int) -> tuple[int, Ended]:
        """How a server ended that is killed there, and what the next one made good."""
        with self.copy() as database:
            code, _ = self.run(database, **at)
            return code, self.end(database)


@pytest.fixture(name="template")
def _template(tmp_path: Path, toy_schema: Schema, toy: Project, said: Callable[..., bytes]) -> Path:
    """The disk of a server that crashed: three weeks with reports, the last ones in the log."""

    def entry(number: int, week: Week) -> Entry:
        texts = {W47: "open"}.get(week, CANARY)
        report = said(
            version={"value": f"1.{number % 2}"},
            php_version={"value": f"8.{number % 2}"},
            note={"value": f"{texts} {number}" if number < 3 else "often"},
            languages={"values": [2, 3][: number % 3]},
        )
        token = number.to_bytes(15) + bytes([week.number])
        return Entry(week, toy, token, answers.read(toy, report, date(2026, 11, 24)))

    (tmp_path / "living").mkdir()
    store = SqliteStore(tmp_path / "living" / "headcount.db")
    for week in (W45, W46, W47):
        store.open_week(week, Terms(5, week.end + timedelta(days=2)), toy_schema)
        for part in range(0, 20, 5):
            store.count([entry(number, week) for number in range(part, part + 5)])
    template = take_copy(tmp_path / "living" / "headcount.db", tmp_path / "template")
    store.close()
    assert template.with_name("headcount.db-wal").stat().st_size > 0
    return template


@pytest.fixture(name="servers")
def _servers(toy_registry: Path, template: Path, tmp_path: Path) -> Iterator[Servers]:
    servers = Servers(toy_registry, template, tmp_path)
    yield servers
    for process in servers.processes:
        process.kill()
        process.communicate()


@pytest.fixture(name="undisturbed")
def _undisturbed(servers: Servers) -> Ended:
    """What a server leaves that nobody kills: the close as it is to be."""
    with servers.copy() as database:
        ended = servers.end(database)
    weeks = [(row[0], row[3]) for row in ended.tables["weeks"]]
    at = "2026-11-24T12:00:00+00:00"
    assert weeks == [("2026-W45", at), ("2026-W46", at), ("2026-W47", None), ("2026-W48", None)]
    assert [row[:3] for row in ended.tables["published_reports"]] == [
        ("2026-W45", "toy", 20),
        ("2026-W46", "toy", 20),
    ]
    assert {row[0] for row in ended.tables["open_values"]} == {"2026-W47"}
    assert len(ended.tables["tokens_2026_W47"]) == 20
    assert not {"tokens_2026_W45", "tokens_2026_W46"} & set(ended.tables)
    assert (ended.keys, ended.canaries, ended.log) == (["2026-W47.key", "2026-W48.key"], 0, 0)
    return ended


def test_killed_at_any_step_of_the_close_it_is_done_once_and_whole_by_the_next_start(
    servers: Servers, undisturbed: Ended
) -> None:
    assert undisturbed.steps > 60
    steps = range(1, undisturbed.steps + 1, STRIDE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda step: servers.killed(step=step), steps))
    assert {code for code, _ in ends[: 60 // STRIDE]} == {-signal.SIGKILL}
    assert [n for n, (_, end) in zip(steps, ends, strict=True) if end != undisturbed] == []


def test_killed_within_a_write_it_is_done_once_and_whole_by_the_next_start(
    servers: Servers, undisturbed: Ended
) -> None:
    """The write-ahead log ends anywhere: in a header, a frame, or just before a commit."""
    with closing(sqlite3.connect(servers.template)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    places = range(INDEX_BYTES, INDEX_BYTES + 150_000, 2222)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda most: servers.killed(most=most), places))
    codes = [code for code, _ in ends]
    assert codes.count(-signal.SIGXFSZ) > 10
    assert codes[-1] == 0, "the close wrote more than was cut off"
    assert [n for n, (_, end) in zip(places, ends, strict=True) if end != undisturbed] == []


# Some hundred starts, one after the other.
@pytest.mark.timeout(900)
def test_killed_again_and_again_it_gets_there_all_the_same(
    servers: Servers, undisturbed: Ended
) -> None:
    """Each start gets some steps further than the last."""
    with servers.copy() as database:
        codes = [
            servers.run(database, step=step)[0] for step in range(1, undisturbed.steps + 30, 5)
        ]
        assert codes.count(-signal.SIGKILL) > 5
        assert servers.end(database) == undisturbed
