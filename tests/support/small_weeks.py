"""Small weeks of the toy project, and rules of publication that would break the promise.

A site is a set of answers, and a week is a list of sites. `BROKEN` are rules that
`publication` must not follow. A proof of the promise must catch each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from headcount_server.counting import answers
from headcount_server.counting.answers import Answers
from headcount_server.counting.tally import Cell, Tally, tally
from headcount_server.publication.rounding import Publication, publish
from headcount_server.registry.schema import Project

VERSION, PHP, MULTISITE, SERVER, NODES, MODULES, NOTE, LANGUAGES = 1, 2, 3, 4, 5, 6, 8, 10
LISTS, CROSSED = (MODULES, LANGUAGES), (PHP, LANGUAGES)
HIDDEN = {
    VERSION: "other",
    PHP: "other",
    MULTISITE: "false",
    SERVER: "other",
    NODES: "0",
    NOTE: "other",
}

Site = dict[int, tuple[str, ...]]
"""What one site answers: texts by key, one for a single-valued key."""
Read = Callable[[Project, Site], Answers]
Close = Callable[[Tally, int], Publication | None]

_ENUMS = {
    "other": 1,
    "Apache": 2,
    "nginx": 3,
    "block": 2,
    "views": 3,
    "de": 2,
    "fr": 3,
}


def read(project: Project, site: Site) -> Answers:
    """Return a site's answers as the server takes them from its real report."""
    report: Any = project.report_class()
    for key, texts in site.items():
        message = getattr(report, project.keys[key].name)
        message.SetInParent()
        match key:
            case 3:
                message.value = texts[0] == "true"
            case 4:
                product, _, message.version = texts[0].partition(" ")
                message.value = _ENUMS[product]
            case 5:
                message.value = int(texts[0].rstrip("+").partition("-")[0])
            case 6 | 10:
                message.values.extend(_ENUMS[text] for text in texts)
            case _:
                message.value = texts[0]
    return answers.read(project, report.SerializeToString(), date(2026, 11, 21))


def count(project: Project, sites: Iterable[Site], reading: Read = read) -> Tally:
    """Return the tally of these sites."""
    return tally(project, [reading(project, site) for site in sites])


# --- rules that break the promise ---------------------------------------------------------------


def nearest(total: Tally, k: int) -> Publication | None:
    def near(n: int) -> int:
        return (n + k // 2) // k * k

    if not near(total.reports):
        return None
    return Publication(
        near(total.reports),
        {key: near(n) for key, n in total.answers.items() if near(n)},
        {cell: near(n) for cell, n in total.values.items() if near(n)},
    )


def with_margin(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    if published is None:
        return None
    margins: dict[Cell, int] = {}
    for cell, n in total.values.items():
        if cell.key in CROSSED:
            margin = Cell(cell.key, cell.value, "")
            margins[margin] = margins.get(margin, 0) + n
    floors = {cell: n - n % k for cell, n in margins.items() if n >= k}
    return replace(published, values={**published.values, **floors})


def exact_reports(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    return published and replace(published, reports=total.reports)


def exact_answers(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    return published and replace(published, answers=dict(total.answers))


def keeping_small(total: Tally, k: int) -> Publication | None:
    published = publish(total, k)
    small = {cell: n for cell, n in total.values.items() if n < k}
    return published and replace(published, values={**published.values, **small})


def showing(*keys: int) -> Read:
    """Reading that tallies also the class of these keys that is never to be printed."""

    def reading(project: Project, site: Site) -> Answers:
        taken = read(project, site)
        given = tuple(
            replace(a, values=(HIDDEN[a.key],)) if a.key in keys and not a.values else a
            for a in taken.given
        )
        return replace(taken, given=given)

    return reading


BROKEN: dict[str, tuple[Close, Read]] = {
    "rounding to the nearest multiple": (nearest, read),
    "a margin beside the cells": (with_margin, read),
    "an exact number of reports": (exact_reports, read),
    "an exact number of answers": (exact_answers, read),
    "values below the threshold": (keeping_small, read),
    "both sides of a boolean": (publish, showing(MULTISITE)),
    "other as a value": (publish, showing(SERVER)),
    "the first bucket": (publish, showing(NODES)),
    "other as a cell of a cross-tabulation": (publish, showing(PHP)),
}
