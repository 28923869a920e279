"""A model of the totals that a server must hold after a series of reports."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from headcount.v1 import telemetry_service_pb2 as wire
from headcount_server.counting import answers
from headcount_server.counting.answers import Answers
from headcount_server.counting.tally import tally
from headcount_server.counting.vocabulary import Vocabulary
from headcount_server.errors import InvalidReport
from headcount_server.registry.schema import Project
from headcount_server.store.allowance import Allowance
from headcount_server.store.contract import Entry
from headcount_server.week import Week

from support.store_files import rows

WEEK = "2026-W47"
TODAY = date(2026, 11, 19)
"""The week and the day of the clock of `running`."""
TYPE = "headcount.projects.toy.v1.Report"


class Held:
    """The totals of the toy project: the first report under each token counts."""

    def __init__(self, toy: Project) -> None:
        self._toy = toy
        self._vocabulary, self._allowance = Vocabulary(), Allowance()
        self._tokens: set[bytes] = set()
        self.reports = 0
        self.answers: Counter[int] = Counter()
        self.values: Counter[tuple[int, str, str]] = Counter()

    def take(self, token: bytes, report: Answers) -> None:
        """A report that was acknowledged."""
        if token in self._tokens:
            return
        self._tokens.add(token)
        words, said = self._vocabulary, [Entry(Week.parse(WEEK), self._toy, token, report)]
        words.introduce(
            self._toy, words.newcomers(self._toy, said, self._allowance), self._allowance
        )
        total = words.fold(self._toy, tally(self._toy, [report]))
        self.reports += total.reports
        self.answers.update(total.answers)
        for cell, n in total.values.items():
            self.values[cell.key, cell.value, cell.release] += n

    def assert_held(self, database: Path) -> None:
        """The database holds these totals and no other."""
        assert rows(database, "SELECT project, reports FROM open_reports") == (
            [("toy", self.reports)] if self.reports else []
        )
        held = rows(database, "SELECT key, answers FROM open_answers")
        assert dict(held) == dict(self.answers)  # type: ignore[arg-type] # pairs
        cells = rows(database, "SELECT key, value, release, reports FROM open_values")
        assert {tuple(cell[:3]): cell[3] for cell in cells} == dict(self.values)
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def understood(toy: Project, request: bytes) -> tuple[bytes, Answers] | None:
    """Token and answers of a request that has to be counted; None if it must be refused."""
    try:
        envelope = wire.SubmitReportRequest.FromString(request)
    except DecodeError:
        return None
    right = envelope.week == WEEK and len(envelope.token) == 16
    if not right or len(UnknownFieldSet(envelope)) or not _is_toys(envelope.report.type_url):
        return None
    try:
        return envelope.token, answers.read(toy, envelope.report.value, TODAY)
    except InvalidReport:
        return None


def _is_toys(url: str) -> bool:
    return url.rsplit("/", maxsplit=1)[-1] == TYPE
