"""Checks of names as Prometheus sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.checks.table import draft_check, project_check
from headcount_registry.declarations import names
from headcount_registry.declarations.model import VERSION
from headcount_registry.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import Draft, ProjectDraft
    from headcount_registry.findings import Location

_SERVER_METRICS = ("headcount_threshold_reports",)

TYPE_WORDS = frozenset({"gauge", "counter", "histogram", "summary"})
"""Types of metrics, which promtool accepts nowhere in a name."""

ENDINGS = frozenset({"total", "count", "sum", "bucket"})
"""Endings of the names of counters and histograms."""

ABBREVIATIONS = frozenset(
    {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"}
)
"""Abbreviated units, which promtool refuses."""

_UNITS = """
amperes bits bytes calories celsius days fahrenheit feet grams hours inches joules kelvin kelvins
meters metres miles minutes ounces percent pounds rankine seconds volts weeks yards
"""
_MULTIPLES = """
pico nano micro milli centi deci deca hecto kilo kibi mega mebi giga gibi tera tebi peta pebi
"""
UNITS = frozenset(
    f"{multiple}{unit}" for multiple in ("", *_MULTIPLES.split()) for unit in _UNITS.split()
)
"""Full names of units; promtool refuses all except base units."""


@project_check("unit-in-name", Severity.WARNING)
def unit_in_name(project: ProjectDraft) -> Problems:
    """A total counts installations, whatever unit their values have."""
    for location, owner, name in _named(project):
        words = [word for word in name.split("_") if word in ABBREVIATIONS or word in UNITS]
        if words:
            yield (
                location,
                (
                    f"{owner} has the unit `{words[0]}` in its name, but what is counted are"
                    " installations, and promtool refuses units in the names of totals;"
                    " say the unit in the description"
                ),
            )


@project_check("metric-word", Severity.WARNING)
def metric_word(project: ProjectDraft) -> Problems:
    """Words of Prometheus mislead those who read the totals there."""
    for location, owner, name in _named(project):
        words = name.split("_")
        found = [word for word in words if word in TYPE_WORDS] + [
            word for word in words[-1:] if word in ENDINGS
        ]
        if found:
            yield (
                location,
                (
                    f"`{found[0]}` in the name of {owner} means something else to Prometheus, where"
                    " every total is a gauge; leave the word out"
                ),
            )


def _named(project: ProjectDraft) -> Iterator[tuple[Location, str, str]]:
    """Yield the names of metrics; other checks report names that cannot become one."""
    if names.is_project_name(project.name):
        yield project.named_at, f"project `{project.name}`", project.name
    for key in project.keys:
        if names.is_key_name(key.name):
            yield key.location, f"key `{key.name}`", key.name


@draft_check("metric-clash")
def metric_clash(draft: Draft) -> Problems:
    """Two things must not be published under one name."""
    first = dict.fromkeys(_SERVER_METRICS, "the server itself")
    for location, owner, metrics in _published(draft):
        for metric in metrics:
            known = first.setdefault(metric, owner)
            if known != owner:
                yield (
                    location,
                    (
                        f"{owner} and {known} would both be published as {metric};"
                        " give one of them another name"
                    ),
                )


def _published(draft: Draft) -> Iterator[tuple[Location, str, tuple[str, ...]]]:
    for project in draft.projects:
        yield project.named_at, f"project `{project.name}`", names.metrics(project.name)
        places = {VERSION: project.named_at} | {key.name: key.location for key in project.keys}
        for key, location in places.items():
            owner = f"key `{key}` of project `{project.name}`"
            yield location, owner, names.metrics(project.name, key)
