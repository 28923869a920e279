"""Published totals as text: a table for people, CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from google.protobuf.json_format import MessageToJson
from headcount.v1 import telemetry_service_pb2 as wire

FORMATS = ("table", "csv", "json")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Row(NamedTuple):
    """One published number."""

    week: str
    threshold: int
    project: str
    key: str
    """Empty where the number is all reports of the project."""
    measure: str
    """`reports` of the project, `answers` to the key, or reports with a `value`."""
    value: str
    version: str
    reports: int


def rows(statistics: wire.GetStatisticsResponse) -> Iterator[Row]:
    """Every number, in the order of the statistics."""
    for week in statistics.weeks:
        for project in week.projects:
            at = (week.week, week.threshold, project.project)
            yield Row(*at, "", "reports", "", "", project.reports)
            for key in project.keys:
                yield Row(*at, key.key, "answers", "", "", key.answers)
                for cell in key.values:
                    yield Row(*at, key.key, "value", cell.value, cell.version, cell.reports)


def as_csv(statistics: wire.GetStatisticsResponse) -> str:
    """One line a number; texts that a spreadsheet would compute begin with an apostrophe."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(Row._fields)
    return text.getvalue() + csv_lines(statistics)


def csv_lines(statistics: wire.GetStatisticsResponse) -> str:
    """The same without the line of names, so that more can follow."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows(statistics):
        writer.writerow(f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in row)
    return text.getvalue()


def as_json(statistics: wire.GetStatisticsResponse) -> str:
    """The message as GetStatistics returns it, in proto3 JSON."""
    return MessageToJson(statistics, ensure_ascii=False, sort_keys=True) + "\n"


def as_table(statistics: wire.GetStatisticsResponse) -> str:
    """Ranges that the exact counts lie in, with the notices of the operator."""
    return "\n".join(_lines(statistics)) + "\n"


def _lines(statistics: wire.GetStatisticsResponse) -> Iterator[str]:
    if not statistics.weeks:
        yield "No week is published yet."
    for week in statistics.weeks:
        yield f"{week.week}, in steps of {week.threshold}"
        if week.annotation:
            yield f"  note: {week.annotation}"
        if not week.projects:
            yield "  nothing that enough installations share"
        for project in week.projects:
            yield f"  {project.project}: {_range(project.reports, week.threshold)} reports"
            for notice in project.retractions:
                yield f"    {notice.key}: taken down on {notice.date}: {notice.reason}"
            for key in project.keys:
                yield f"    {key.key}: {_range(key.answers, week.threshold)} answers"
                yield from _cells(key.values, week.threshold)


def _cells(cells: Iterable[wire.ValueStatistics], threshold: int) -> Iterator[str]:
    named = [
        (f"{cell.value} ({cell.version})" if cell.version else cell.value, cell.reports)
        for cell in sorted(cells, key=lambda cell: -cell.reports)
    ]
    width = max((len(name) for name, _ in named), default=0)
    for name, reports in named:
        yield f"      {name:{width}}  {_range(reports, threshold)}"


def _range(reports: int, threshold: int) -> str:
    return str(reports) if threshold == 1 else f"{reports}-{reports + threshold - 1}"
