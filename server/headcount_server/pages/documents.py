"""The data files: totals and registry for programs, in common formats."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from google.protobuf.json_format import MessageToJson
from headcount.v1 import telemetry_service_pb2 as wire

from headcount_server.pages.openapi import description
from headcount_server.publication import response as statistics
from headcount_server.publication import table
from headcount_server.publication.published import PublishedProject, PublishedWeek
from headcount_server.registry.response import describe
from headcount_server.registry.schema import Schema
from headcount_server.representation import Document

JSON = "application/json"
CSV = "text/csv; charset=utf-8"
HTML = "text/html; charset=utf-8"
SVG = "image/svg+xml"
PNG = "image/png"
CSS = "text/css; charset=utf-8"
ATOM = "application/atom+xml"
TEXT = "text/plain; charset=utf-8"
XML = "application/xml"
ZIP = "application/zip"

# Characters that no XML 1.0 document may contain, not even by number.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def of(text: str, media_type: str) -> Document:
    """Return a text as a document; in XML, characters that it cannot contain are replaced."""
    if media_type.endswith("+xml"):
        text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    return Document(text.encode(), media_type)


def totals(weeks: Iterable[PublishedWeek], known: Schema, form: str, project: str = "") -> Document:
    """Return weeks as `json` or `csv`, of one project or, if the name is empty, of all."""
    return _written(statistics.response(weeks, project, known), form)


def of_keys(
    weeks: Sequence[PublishedWeek], known: Schema, form: str, keys: Mapping[str, Mapping[int, str]]
) -> Document:
    """Return weeks as `json` or `csv` with the answers to some keys alone.

    `keys` are the names of keys, by project and number.
    """
    answer = statistics.response(_only(weeks, keys), "", known)
    for found in (each for week in answer.weeks for each in week.projects):
        names = keys[found.project].values()
        for other in [mark for mark in found.not_asked if mark.key not in names]:
            found.not_asked.remove(other)
    return _written(answer, form)


def _written(answer: wire.GetStatisticsResponse, form: str) -> Document:
    if form == "csv":
        return of(table.as_csv(answer), CSV)
    return of(table.as_json(answer), JSON)


def _only(
    weeks: Sequence[PublishedWeek], keys: Mapping[str, Collection[int]]
) -> list[PublishedWeek]:
    """Return the same weeks with only the answers to some keys, by the name of their project."""
    return [
        replace(
            week,
            projects=tuple(_answers(p, keys[p.name]) for p in week.projects if p.name in keys),
            coverages=tuple(its for its in week.coverages if its.project in keys),
        )
        for week in weeks
    ]


def _answers(published: PublishedProject, keys: Collection[int]) -> PublishedProject:
    found = published.publication
    return replace(
        published,
        publication=replace(
            found, answers={number: n for number, n in found.answers.items() if number in keys}
        ),
        retractions=tuple(notice for notice in published.retractions if notice.key in keys),
        too_few={number: name for number, name in published.too_few.items() if number in keys},
    )


def registry(schema: Schema) -> Document:
    """Return everything that is asked, as in GetRegistry, without the policy."""
    answer = wire.GetRegistryResponse(projects=map(describe, schema.projects.values()))
    return of(MessageToJson(answer, ensure_ascii=False, sort_keys=True) + "\n", JSON)


def openapi() -> Document:
    """Return the description of the files at /data/."""
    return of(json.dumps(description(), indent=2) + "\n", JSON)
