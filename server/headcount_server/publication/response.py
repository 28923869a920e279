"""Published totals as the wire carries them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.store.contract import PublishedProject, PublishedWeek


def response(weeks: Iterable[PublishedWeek], project: str) -> wire.GetStatisticsResponse:
    """These weeks, of one project or (empty name) of all."""
    return wire.GetStatisticsResponse(
        weeks=[
            wire.WeekStatistics(
                week=str(week.week),
                threshold=week.threshold,
                projects=[_project(p) for p in week.projects if project in {"", p.name}],
                annotation=week.annotation,
            )
            for week in weeks
        ]
    )


def _project(project: PublishedProject) -> wire.ProjectStatistics:
    values: defaultdict[int, list[wire.ValueStatistics]] = defaultdict(list)
    # In the same order whatever database they come from, so that files are the same.
    for cell, reports in sorted(project.publication.values.items()):
        value = wire.ValueStatistics(value=cell.value, version=cell.release, reports=reports)
        values[cell.key].append(value)
    return wire.ProjectStatistics(
        project=project.name,
        reports=project.publication.reports,
        registry_digests=project.digests,
        keys=[
            wire.KeyStatistics(
                key=project.key_names[number],
                answers=answers,
                values=values[number],
                number=number,
            )
            for number, answers in sorted(project.publication.answers.items())
        ],
        retractions=[
            wire.Retraction(
                key=notice.name, reason=notice.reason, date=notice.date, number=notice.key
            )
            for notice in project.retractions
        ],
    )
