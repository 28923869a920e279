"""Floods of invented values: memory and disk grow with reports alone, and every answer counts.

50,000 values by default; `HEADCOUNT_VALUES=1000000` for the long form (`make soak`).
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from headcount_server.counting.answer_cache import MAX_ANSWERS, AnswerCache
from headcount_server.counting.vocabulary import INTRODUCED
from headcount_server.doors.json_memory import JsonMemory
from headcount_server.doors.json_reports import report, submission
from headcount_server.errors import Refusal
from headcount_server.publication.terms import Terms
from headcount_server.registry.schema import Project, Schema
from headcount_server.store.contract import Entry, Outcome
from headcount_server.store.sqlite.store import SqliteStore
from headcount_server.week import Week
from support.store_files import rows

pytestmark = pytest.mark.slow

VALUES = int(os.environ.get("HEADCOUNT_VALUES", "50000"))
GROUP = 500
WEEK = Week(2026, 47)
TODAY = date(2026, 11, 19)
OTHERS_BYTES = 4 << 20
"""Most that everything but the tokens takes on the disk."""
TOKEN_BYTES = 40
"""Most that a token takes, with what a tree leaves free."""
NOTE, VERSION, PHP = 8, 1, 2


def _resident() -> int:
    """Resident memory in KiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _pairs(path: Path, query: str) -> dict[object, object]:
    return {row[0]: row[1] for row in rows(path, query)}


def test_any_number_of_distinct_values_takes_no_more_room_than_as_many_reports(
    toy: Project, toy_schema: Schema, tmp_path: Path
) -> None:
    path, reader = tmp_path / "headcount.db", AnswerCache()
    store = SqliteStore(path)
    store.open_week(WEEK, Terms(1, WEEK.end + timedelta(days=2)), toy_schema)
    before = 0
    for start in range(0, VALUES, GROUP):
        if start == min(VALUES // 2, 20_000):
            before = _resident()  # bounded by now, and warm
        group = []
        for number in range(start, start + GROUP):
            report = toy.report_class(
                note={"value": f"invented text {number}"},
                version={"value": f"{number % 1000}.{number // 1000}"},
                php_version={"value": f"{number}.{number}"},
            ).SerializeToString()
            given = reader.read(toy, report, TODAY)
            group.append(Entry(WEEK, toy, number.to_bytes(16), given))
        assert set(store.count(group)) == {Outcome.COUNTED}
    assert _resident() - before < 16 * 1024
    assert len(reader._memories.of(toy, TODAY).known) <= MAX_ANSWERS
    store.wipe_leftovers()
    assert path.stat().st_size < OTHERS_BYTES + TOKEN_BYTES * VALUES
    distinct = _pairs(path, "SELECT key, count(DISTINCT value) FROM open_values GROUP BY key")
    assert distinct == {NOTE: INTRODUCED, VERSION: INTRODUCED, PHP: INTRODUCED}
    # None was known before the week, so none has cells of its own.
    assert rows(path, "SELECT DISTINCT release FROM open_values WHERE key = 2") == [("other",)]
    answered = _pairs(path, "SELECT key, answers FROM open_answers")
    assert answered == {NOTE: VALUES, VERSION: VALUES, PHP: VALUES}
    store.close_week(WEEK, WEEK.end)
    assert store.wipe_leftovers()
    assert path.stat().st_size < OTHERS_BYTES + TOKEN_BYTES * VALUES
    (week,) = store.published(None, None, 1)
    assert week.projects[0].publication.reports == VALUES
    store.close()


def test_any_number_of_unknown_names_is_remembered_nowhere(toy_schema: Schema) -> None:
    before = 0
    read = JsonMemory(report).read
    for number in range(5000):
        if number == 2500:
            before = _resident()
        body = (
            '{"week": "2026-W47", "token": "dHR0dHR0dHR0dHR0dHR0dA==", "report": {"@type": '
            f'"x/headcount.projects.{"toy" if number % 2 else f"p{number}"}.v1.Report", '
            f'"name{number}": {{"value{number}": "{"x" * 4000}"}}}}}}'
        )
        with suppress(Refusal):
            told = submission(body.encode(), read)
            told.read(told.opened(toy_schema)[1], TODAY)
    assert _resident() - before < 8 * 1024
