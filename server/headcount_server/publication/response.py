"""Published totals as wire messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.counting.tally import Cell
from headcount_server.publication.key_terms import threshold_of
from headcount_server.publication.partition import OTHER_RELEASES
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.publication.ranges import key_ranges
from headcount_server.publication.unasked import unasked
from headcount_server.registry.schema import Project, Schema

_EVERY = 1
"""The rule that makes every release a cell."""


def response(
    weeks: Iterable[PublishedWeek], project: str, known: Schema | None = None
) -> wire.GetStatisticsResponse:
    """Return these weeks, of one project or, if the name is empty, of all.

    The declarations tell which keys nobody was asked; without them, no key is marked so.
    """
    declared = known.projects if known else {}
    return wire.GetStatisticsResponse(
        weeks=[
            wire.WeekStatistics(
                week=str(week.week),
                threshold=week.threshold,
                projects=[
                    _project(week, p, declared.get(p.name))
                    for p in week.projects
                    if project in {"", p.name}
                ],
                annotation=week.annotation,
                rule=week.rule,
                coverages=[
                    wire.Coverage(
                        project=its.project, installations=its.installations, source=its.source
                    )
                    for its in week.coverages
                    if project in {"", its.project}
                ],
            )
            for week in weeks
        ]
    )


def _project(
    week: PublishedWeek, project: PublishedProject, declared: Project | None
) -> wire.ProjectStatistics:
    marks = [] if declared is None else list(unasked(declared, week.week, project))
    silent = {each.key for each in marks}
    # Sorted, so that files are the same whichever database they come from. All keys at once,
    # so that a week of many keys takes no longer than its numbers.
    cells: defaultdict[int, list[tuple[Cell, int]]] = defaultdict(list)
    for cell, reports in sorted(project.publication.values.items()):
        cells[cell.key].append((cell, reports))
    return wire.ProjectStatistics(
        project=project.name,
        reports=project.publication.reports,
        registry_digests=project.digests,
        keys=[
            _key(week, project, number, cells[number])
            for number in sorted(project.publication.answers)
        ],
        retractions=[
            wire.Retraction(
                key=notice.name, reason=notice.reason, date=notice.date, number=notice.key
            )
            for notice in project.retractions
        ],
        too_few=[
            _terms(week, project, number, name)
            for number, name in project.too_few.items()
            if name not in silent
        ],
        not_asked=[
            wire.NotAsked(key=each.key, reason=each.why.value, date=each.day) for each in marks
        ],
    )


def _terms(
    week: PublishedWeek, project: PublishedProject, number: int, name: str
) -> wire.KeyStatistics:
    its = project.terms.get(number)
    own = threshold_of(project.terms, number, week.threshold)
    return wire.KeyStatistics(
        key=name,
        number=number,
        threshold=0 if own == week.threshold else own,
        crossing=_crossing(week, project, number),
        type=its.kind if its else 0,  # type: ignore[arg-type] # a number of the enum
    )


def _key(
    week: PublishedWeek,
    project: PublishedProject,
    number: int,
    cells: Sequence[tuple[Cell, int]],
) -> wire.KeyStatistics:
    told = _terms(week, project, number, project.key_names[number])
    told.answers = project.publication.answers[number]
    for cell, reports in cells:
        others = told.crossing == wire.CROSSING_TOLD_APART and cell.release == OTHER_RELEASES
        told.values.add(
            value=cell.value, version=cell.release, reports=reports, other_releases=others
        )
    for (key, value), releases in sorted(project.publication.told_apart.items()):
        if key == number:
            told.told_apart.add(value=value, versions=sorted(releases))
    told.ranges.extend(_ranges(week, project, number, cells) if told.type else ())
    return told


def _crossing(week: PublishedWeek, project: PublishedProject, key: int) -> wire.Crossing:
    its = project.terms.get(key)
    if its is not None and its.folded:
        return wire.CROSSING_FOLDED
    if its is not None:
        return wire.CROSSING_TOLD_APART if its.crossed else wire.CROSSING_UNSPECIFIED
    cells = (cell for cell in project.publication.values if cell.key == key)
    every = week.rule == _EVERY and any(cell.release for cell in cells)
    return wire.CROSSING_EVERY_RELEASE if every else wire.CROSSING_UNSPECIFIED


def _ranges(
    week: PublishedWeek, project: PublishedProject, key: int, cells: Iterable[tuple[Cell, int]]
) -> Iterator[wire.ValueRange]:
    found = key_ranges(project, key, week.threshold, its=cells)
    for value, its in sorted(found.values.items()) if found else ():
        yield wire.ValueRange(value=value, lower=its.lower, upper=its.upper)
