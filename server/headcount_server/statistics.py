"""Published totals as the wire carries them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.store import PublishedProject, PublishedWeek


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
    return wire.ProjectStatistics(
        project=project.name,
        reports=project.publication.reports,
        registry_digests=project.digests,
        keys=[
            wire.KeyStatistics(
                key=project.key_names[number],
                answers=answers,
                values=_values(project, number),
                number=number,
            )
            for number, answers in project.publication.answers.items()
        ],
        retractions=[
            wire.Retraction(
                key=notice.name, reason=notice.reason, date=notice.date, number=notice.key
            )
            for notice in project.retractions
        ],
    )


def _values(project: PublishedProject, key: int) -> Iterator[wire.ValueStatistics]:
    for cell, reports in project.publication.values.items():
        if cell.key == key:
            yield wire.ValueStatistics(value=cell.value, version=cell.release, reports=reports)
