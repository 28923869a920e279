"""Small weeks of the toy project, and rules of publication that would break the promise.

A site is a set of answers, and a week is a list of sites. `BROKEN` are rules that
`publication` must not follow. A proof of the promise must catch each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from headcount.v1 import options_pb2
from headcount_server.counting import answers
from headcount_server.counting.answers import OTHER, Answers
from headcount_server.counting.tally import Cell, Tally, tally
from headcount_server.publication.key_terms import ProjectTerms, settle
from headcount_server.publication.partition import Partition, fold
from headcount_server.publication.rounding import Publication, publish, under
from headcount_server.registry.schema import Key, Project

VERSION, PHP, MULTISITE, SERVER, NODES, MODULES, NOTE, LANGUAGES = 1, 2, 3, 4, 5, 6, 8, 10
LISTS = (MODULES, LANGUAGES)
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

_ENUMS = {
    "other": 1,
    "Apache": 2,
    "nginx": 3,
    "block": 2,
    "views": 3,
    "de": 2,
    "fr": 3,
}


def declared(
    project: Project, by: Collection[int], thresholds: Mapping[int, int] | None = None
) -> Project:
    """The same project with just these keys counted per release, and these own thresholds."""

    def key(its: Key) -> Key:
        declaration = options_pb2.KeyOptions()
        declaration.CopyFrom(its.declaration)
        del declaration.by[:]
        if its.number in by:
            declaration.by.append("version")
        declaration.threshold = (thresholds or {}).get(its.number, 0)
        return replace(its, declaration=declaration)

    return replace(project, keys={number: key(its) for number, its in project.keys.items()})


@dataclass(frozen=True)
class Rule:
    """What is settled before a week is counted."""

    project: Project
    k: int
    apart: Partition = field(default_factory=dict)

    @cached_property
    def terms(self) -> ProjectTerms:
        """The terms of its keys."""
        return settle(self.project, self.k)


Closing = Callable[[Rule, Sequence[Site]], Publication | None]
"""What is published of a week of these sites."""


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


def rightly(rule: Rule, sites: Sequence[Site]) -> Publication | None:
    """What the server publishes."""
    return floored(fold(count(rule.project, sites), rule.apart), rule)


def floored(total: Tally, rule: Rule) -> Publication | None:
    published = publish(total, rule.k, rule.terms)
    return published and under(published, rule.apart)


# --- rules that break the promise ---------------------------------------------------------------

Flooring = Callable[[Tally, Rule], Publication | None]


def with_flooring(flooring: Flooring) -> Closing:
    def closing(rule: Rule, sites: Sequence[Site]) -> Publication | None:
        return flooring(fold(count(rule.project, sites), rule.apart), rule)

    return closing


def nearest(total: Tally, rule: Rule) -> Publication | None:
    def near(n: int) -> int:
        return (n + rule.k // 2) // rule.k * rule.k

    if not near(total.reports):
        return None
    return Publication(
        near(total.reports),
        {key: near(n) for key, n in total.answers.items() if near(n)},
        {cell: near(n) for cell, n in total.values.items() if near(n)},
    )


def with_margin(total: Tally, rule: Rule) -> Publication | None:
    margins: Counter[Cell] = Counter()
    for cell, n in total.values.items():
        if rule.terms[cell.key].crossed:
            margins[cell._replace(release="all")] += n
    return floored(replace(total, values=total.values + margins), rule)


def exact_reports(total: Tally, rule: Rule) -> Publication | None:
    published = floored(total, rule)
    return published and replace(published, reports=total.reports)


def exact_answers(total: Tally, rule: Rule) -> Publication | None:
    published = floored(total, rule)
    return published and replace(published, answers=dict(total.answers))


def keeping_small(total: Tally, rule: Rule) -> Publication | None:
    published = floored(total, rule)
    small = {cell: n for cell, n in total.values.items() if n < rule.k}
    return published and replace(published, values={**published.values, **small})


def showing(*keys: int) -> Closing:
    """Tally also the class of these keys that is never to be printed."""

    def reading(project: Project, site: Site) -> Answers:
        taken = read(project, site)
        given = tuple(
            replace(a, values=(HIDDEN[a.key],)) if a.key in keys and not a.values else a
            for a in taken.given
        )
        return taken._replace(given=given)

    def closing(rule: Rule, sites: Sequence[Site]) -> Publication | None:
        return floored(fold(count(rule.project, sites, reading), rule.apart), rule)

    return closing


def unknown_apart(rule: Rule, sites: Sequence[Site]) -> Publication | None:
    """Releases that nobody knows are a cell beside the rest."""
    total = count(rule.project, sites)
    unknown = Counter({cell: n for cell, n in total.values.items() if cell.release == OTHER})
    rest = fold(replace(total, values=total.values - unknown), rule.apart)
    return floored(replace(rest, values=rest.values + unknown), rule)


def own_data(rule: Rule, sites: Sequence[Site]) -> Publication | None:
    """The week's own cells settle which releases are told apart."""
    total = count(rule.project, sites)
    apart: dict[tuple[int, str], frozenset[str]] = {}
    for cell, n in total.values.items():
        if cell.release not in {"", OTHER} and n >= rule.k:
            at = (cell.key, cell.value)
            apart[at] = apart.get(at, frozenset()) | {cell.release}
    # Nobody is told what was told apart, for it is what the cells say.
    return publish(fold(total, apart), rule.k, rule.terms)


def any_threshold(rule: Rule, sites: Sequence[Site]) -> Publication | None:
    """A key's own threshold is taken as it is, multiple or not."""
    raw = {
        number: replace(its, threshold=max(rule.k, rule.project.keys[number].declaration.threshold))
        for number, its in rule.terms.items()
    }
    return publish(fold(count(rule.project, sites), rule.apart), rule.k, raw)


def uncrossed_midway(rule: Rule, sites: Sequence[Site]) -> Publication | None:
    """Later reports carry no release for a key that is still published per release."""
    half = len(sites) // 2
    before = count(rule.project, sites[:half])
    after = count(declared(rule.project, ()), sites[half:])
    total = Tally(
        before.reports + after.reports, before.answers + after.answers, before.values + after.values
    )
    return floored(fold(total, rule.apart), rule)


def lost_in_cells(rule: Rule, sites: Sequence[Site]) -> Publication | None:
    """A release has a place in `version` but not in the cells."""
    total = count(rule.project, sites)
    values: Counter[Cell] = Counter()
    for cell, n in total.values.items():
        values[cell._replace(release=OTHER) if cell.release == "1.0" else cell] += n
    return floored(fold(replace(total, values=values), rule.apart), rule)


BROKEN: dict[str, Closing] = {
    "rounding to the nearest multiple": with_flooring(nearest),
    "a margin beside the cells": with_flooring(with_margin),
    "an exact number of reports": with_flooring(exact_reports),
    "an exact number of answers": with_flooring(exact_answers),
    "values below the threshold": with_flooring(keeping_small),
    "both sides of a boolean": showing(MULTISITE),
    "other as a value": showing(SERVER),
    "the first bucket": showing(NODES),
    "other as a cell of a cross-tabulation": showing(PHP),
    "unknown releases apart from the rest": unknown_apart,
    "releases told apart by the week's own data": own_data,
    "a threshold that is no multiple": any_threshold,
    "a key uncrossed within the week": uncrossed_midway,
    "a release with a place in `version` but not in the cells": lost_in_cells,
}
