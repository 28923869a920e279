"""Published totals as text: a table for people, CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.json_format import MessageToJson
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.publication.partition import OTHER_RELEASES_TEXT

FORMATS = ("table", "csv", "json")

_WHY = {
    wire.NOT_ASKED_REASON_EXPIRED: "expired",
    wire.NOT_ASKED_REASON_RETIRED: "retired",
    wire.NOT_ASKED_REASON_NOT_YET: "not yet",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Row(NamedTuple):
    """One published number, or the range of a value."""

    week: str
    threshold: int
    """Threshold of the key, or that of the week if the key has none of its own."""
    project: str
    key: str
    """Name of the key; empty if the number is all reports of the project."""
    measure: str
    """`reports` of the project, `answers` to the key, reports with a `value`, or a `range`.

    `installations` is a number of the operator, who names its source in `value`; no report
    is part of it. `too few` marks a key that was asked and has no number, and `not asked` one
    that nobody was asked: `value` is why and, if known, the day of its expiry or of the release
    that retired it or first asked it.

    A `range` is a value's sum over all releases, with the bounds that follow from all
    published numbers. Values that are too rare to be published have one as well.
    """
    value: str
    version: str
    """Release of a cell; `other releases` stands for all that were not told apart."""
    reports: int
    """0 if fewer than the threshold reported a value, or a release that is told apart.

    The number itself if the measure is `installations`.
    """
    lower: int
    upper: int | None
    """None if there is no bound."""


def rows(statistics: wire.GetStatisticsResponse) -> Iterator[Row]:
    """Yield every number, in the order of the statistics."""
    for week in statistics.weeks:
        for its in week.coverages:
            number = its.installations
            at = (week.week, week.threshold, its.project)
            yield Row(*at, "", "installations", its.source, "", number, number, number)
        for project in week.projects:
            at = (week.week, week.threshold, project.project)
            most = project.reports + week.threshold - 1
            yield Row(*at, "", "reports", "", "", project.reports, project.reports, most)
            for key in project.keys:
                yield from _key_rows(week, project, key, most)
            for key in project.too_few:
                own = key.threshold or week.threshold
                at = (week.week, own, project.project)
                yield Row(*at, key.key, "too few", "", "", 0, 0, min(own - 1, most))
            for each in project.not_asked:
                at = (week.week, week.threshold, project.project)
                yield Row(*at, each.key, "not asked", _why(each), "", 0, 0, 0)


def _key_rows(
    week: wire.WeekStatistics, project: wire.ProjectStatistics, key: wire.KeyStatistics, most: int
) -> Iterator[Row]:
    own = key.threshold or week.threshold
    at = (week.week, own, project.project, key.key)
    most = min(key.answers + own - 1, most)
    yield Row(*at, "answers", "", "", key.answers, key.answers, most)
    bounded = {each.value: each for each in key.ranges}
    for cell in key.values:
        version = OTHER_RELEASES_TEXT if cell.other_releases else cell.version
        upper = _upper(cell, bounded.get(cell.value), own)
        yield Row(*at, "value", cell.value, version, cell.reports, cell.reports, upper)
    for apart in key.told_apart:
        shown = {cell.version for cell in key.values if cell.value == apart.value}
        for release in apart.versions:
            if release not in shown:
                rare = wire.ValueStatistics(value=apart.value, version=release)
                upper = _upper(rare, bounded.get(apart.value), own)
                yield Row(*at, "value", apart.value, release, 0, 0, upper)
    for each in key.ranges:
        bound = each.upper if each.HasField("upper") else None
        yield Row(*at, "range", each.value, "", each.lower, each.lower, bound)


def _why(mark: wire.NotAsked) -> str:
    return f"{_WHY[mark.reason]} {mark.date}".strip()


def _upper(cell: wire.ValueStatistics, value: wire.ValueRange | None, threshold: int) -> int | None:
    """Return the most that a cell can hold: no more than its value leaves beside other cells."""
    alone = cell.reports + threshold - 1
    if value is None:
        return alone
    return min(alone, value.upper - value.lower + cell.reports) if value.HasField("upper") else None


def as_csv(statistics: wire.GetStatisticsResponse) -> str:
    """Return CSV with one line a number.

    A text that a spreadsheet would compute begins with an apostrophe.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(Row._fields)
    return text.getvalue() + csv_lines(statistics)


def csv_lines(statistics: wire.GetStatisticsResponse) -> str:
    """Return the same without the header line, so that more lines can follow."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows(statistics):
        writer.writerow(f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in row)
    return text.getvalue()


def as_json(statistics: wire.GetStatisticsResponse) -> str:
    """Return the message in proto3 JSON, as GetStatistics returns it."""
    return MessageToJson(statistics, ensure_ascii=False, sort_keys=True) + "\n"


def as_table(statistics: wire.GetStatisticsResponse) -> str:
    """Return the ranges that the exact counts lie in, with the operator's notices."""
    return "\n".join(_lines(statistics)) + "\n"


def _lines(statistics: wire.GetStatisticsResponse) -> Iterator[str]:
    if not statistics.weeks:
        yield "No week is published yet."
    for week in statistics.weeks:
        yield f"{week.week}, in steps of {week.threshold}"
        if week.annotation:
            yield f"  note: {week.annotation}"
        for its in week.coverages:
            yield f"  {its.project}: {its.installations} installations, source: {its.source}"
        if not week.projects:
            yield "  nothing that enough installations share"
        for project in week.projects:
            yield f"  {project.project}: {_range(project.reports, week.threshold)} reports"
            yield from _project(project, week.threshold)


def _project(project: wire.ProjectStatistics, threshold: int) -> Iterator[str]:
    for notice in project.retractions:
        yield f"    {notice.key}: taken down on {notice.date}: {notice.reason}"
    for key in project.keys:
        own = key.threshold or threshold
        steps = f", in steps of {own}" if key.threshold else ""
        yield f"    {key.key}: {_range(key.answers, own)} answers{steps}"
        yield from _cells(key, own)
    for key in project.too_few:
        yield f"    {key.key}: fewer than {key.threshold or threshold} answers"
    for each in project.not_asked:
        yield f"    {each.key}: not asked ({_why(each)})"


def _cells(key: wire.KeyStatistics, threshold: int) -> Iterator[str]:
    apart = {each.value for each in key.told_apart}
    named = [
        (_name(cell, told_apart=cell.value in apart), cell.reports)
        for cell in sorted(key.values, key=lambda cell: -cell.reports)
    ]
    width = max((len(name) for name, _ in named), default=0)
    for name, reports in named:
        yield f"      {name:{width}}  {_range(reports, threshold)}"


def _name(cell: wire.ValueStatistics, *, told_apart: bool) -> str:
    if cell.other_releases and told_apart:
        return f"{cell.value} ({OTHER_RELEASES_TEXT})"
    return f"{cell.value} ({cell.version})" if cell.version else cell.value


def _range(reports: int, threshold: int) -> str:
    return str(reports) if threshold == 1 else f"{reports}-{reports + threshold - 1}"
