"""The data files: totals and registry for programs, in common formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
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


def totals(
    weeks: Iterable[PublishedWeek], known: Schema, form: str, project: str = "", key: str = ""
) -> Document:
    """Return weeks as `json` or `csv`, of one project or, if the name is empty, of all.

    `key` leaves out what nobody was asked but it; `only` leaves out the numbers of others.
    """
    answer = statistics.response(weeks, project, known)
    for found in (each for week in answer.weeks for each in week.projects if key):
        for other in [mark for mark in found.not_asked if mark.key != key]:
            found.not_asked.remove(other)
    if form == "csv":
        return of(table.as_csv(answer), CSV)
    return of(table.as_json(answer), JSON)


def only(weeks: Sequence[PublishedWeek], project: str, key: int) -> list[PublishedWeek]:
    """Return the same weeks with only the answers to one key of one project."""
    return [
        replace(week, projects=tuple(_only(p, key) for p in week.projects if p.name == project))
        for week in weeks
    ]


def _only(published: PublishedProject, key: int) -> PublishedProject:
    found = published.publication
    return replace(
        published,
        publication=replace(
            found, answers={number: n for number, n in found.answers.items() if number == key}
        ),
        retractions=tuple(notice for notice in published.retractions if notice.key == key),
        too_few={number: name for number, name in published.too_few.items() if number == key},
    )


def registry(schema: Schema) -> Document:
    """Return everything that is asked, as in GetRegistry, without the policy."""
    answer = wire.GetRegistryResponse(projects=map(describe, schema.projects.values()))
    return of(MessageToJson(answer, ensure_ascii=False, sort_keys=True) + "\n", JSON)


def openapi() -> Document:
    """Return the description of the files at /data/."""
    return of(json.dumps(description(), indent=2) + "\n", JSON)
