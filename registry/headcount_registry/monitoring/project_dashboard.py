"""The dashboard of a project: the number of reports, and the answers to each key.

A key has its latest distribution and its course over time, in the form that fits its type. A
key that is counted by release has a third panel. Of a project with very many keys, the reader
picks one key: a thousand panels would be too many for a browser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations.model import KeyType, Level
from headcount_registry.emitters import wording
from headcount_registry.emitters.text import plain
from headcount_registry.monitoring import panels, promql
from headcount_registry.monitoring.dashboard import Dashboard, Row, one_of, servers
from headcount_registry.monitoring.panels import Query
from headcount_registry.monitoring.promql import PICKED, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.model import Key, Project
    from headcount_registry.monitoring.panels import Json, Panel

MOST = 20
"""Largest number of values of a key that are shown."""
MOST_KEYS = 60
"""Largest number of keys that have panels of their own."""
_VALUE = "{{value}}"
_REST = "other, rare or unknown"
_HOW_TO_READ = (
    "Totals of the last closed week. Each is rounded down to a multiple of the threshold. A value"
    " that fewer installations share is absent, which does not mean zero. The share of a value is"
    " its part of the reports that answered."
)


def project_dashboard(project: Project) -> Dashboard:
    """Return the dashboard, with keys by level and name."""
    few = len(project.keys) <= MOST_KEYS
    pickers = servers(promql.THRESHOLD, together=False)
    title = plain(project.title) or project.name
    return Dashboard(
        name=project.name,
        title=f"{title}: what installations report",
        description=f"What installations of {title} report.",
        since="1y",
        refresh="",
        rows=(
            Row("Overview", tuple(_overview(project))),
            *(_by_level(project) if few else (Row("One key", tuple(_picked(project))),)),
        ),
        pickers=pickers if few else (*pickers, _picker(project)),
        homepage=project.homepage,
    )


def _by_level(project: Project) -> Iterable[Row]:
    for level in Level:
        keys = sorted((key for key in project.keys if key.level is level), key=lambda key: key.name)
        if keys:
            shown = tuple(panel for key in keys for panel in _key(project, key))
            yield Row(wording.LEVELS[level], shown)


def _picker(project: Project) -> Json:
    keys = sorted(project.keys, key=lambda key: (list(Level).index(key.level), key.name))
    named = ((f"{plain(key.label) or key.name} ({key.name})", key.name) for key in keys)
    return one_of("key", "Key", named)


def _picked(project: Project) -> Iterable[Panel]:
    totals = Totals.picked(project)
    text = (
        f"The {MOST} most frequent values of the key that is picked above. Shares of a list may add"
        " up to more than 100 %."
    )
    yield panels.bars("Answers", text, [Query(totals.most(MOST), _VALUE)])
    yield panels.shares("Answers, over time", text, [Query(totals.frequent(MOST), _VALUE)])
    by_release = f"{text} Empty unless the key is counted by release."
    query = totals.frequent_releases(MOST)
    yield panels.by_release("Answers, by release", by_release, query, stacked=False)


def _overview(project: Project) -> Iterable[Panel]:
    total = promql.total(project, *PICKED)
    yield panels.number(
        "Reports",
        "Installations that reported in the last closed week.",
        Query(total),
        {"unit": panels.COUNT, "noValue": panels.ABSENT},
    )
    yield panels.number(
        "Change in a week",
        "The change since the week before.",
        Query(promql.change(project, *PICKED)),
        {"unit": panels.SHARE, "decimals": 1, "noValue": "no week to compare with"},
        ((None, "orange"), (0, "green")),
    )
    yield panels.number(
        "Week",
        "Monday of the last closed week.",
        Query(f"1000 * max({promql.series(promql.WEEK_START, *PICKED)})"),
        {"unit": "time:YYYY-MM-DD", "noValue": "no week was closed yet"},
    )
    yield panels.number(
        "Threshold",
        "Every total is a multiple of this. A value that fewer installations share is absent.",
        Query(f"max({promql.series(promql.THRESHOLD, *PICKED)})"),
        {"unit": panels.COUNT},
    )
    yield panels.number(
        "Values left out",
        "Published values that Prometheus does not get, because there are very many. The public"
        " pages have them.",
        Query(promql.cut(project, *PICKED)),
        {"unit": panels.COUNT, "noValue": "none"},
        ((None, "green"), (1, "orange")),
    )
    yield panels.text("How to read it", _HOW_TO_READ, width=24, height=3)
    yield panels.graph(
        "Reports over time",
        "Installations that reported, by closed week.",
        [Query(total, "reports")],
        {"unit": panels.COUNT, "min": 0},
        width=24,
    )


def _key(project: Project, key: Key) -> Iterable[Panel]:
    totals = Totals.of(project, key, *PICKED)
    title, text = plain(key.label) or key.name, _description(key)
    yield _latest(title, text, key, totals)
    yield _trend(f"{title}, over time", text, key, totals)
    if key.by:
        query = totals.frequent_releases(MOST) if promql.overlaps(key) else totals.releases()
        stacked = not promql.overlaps(key)
        yield panels.by_release(f"{title}, by release", text, query, stacked=stacked)


def _latest(title: str, text: str, key: Key, totals: Totals) -> Panel:
    if key.type is KeyType.BOOLEAN:
        return panels.dial(title, text, Query(totals.share(promql.YES), "yes"))
    if key.type is KeyType.COUNT:
        return panels.bars(title, text, _ranges(key, totals))
    if key.type is KeyType.TEXT:
        columns = {"Reports": Query(totals.values()), "Share": Query(totals.shares())}
        return panels.table(title, text, columns, {"Reports": panels.COUNT, "Share": panels.SHARE})
    values = Query(totals.most(MOST), _VALUE)
    rest = () if promql.overlaps(key) else (Query(totals.remainder(), _REST),)
    return panels.bars(title, text, (values, *rest))


def _trend(title: str, text: str, key: Key, totals: Totals) -> Panel:
    if key.type is KeyType.BOOLEAN:
        return panels.shares(title, text, [Query(totals.share(promql.YES), "yes")])
    if key.type is KeyType.COUNT:
        return panels.shares(title, text, _ranges(key, totals), stacked=True)
    if key.type in {KeyType.LIST, KeyType.TEXT}:
        return panels.shares(title, text, [Query(totals.frequent(MOST), _VALUE)])
    queries = (Query(totals.shares(), _VALUE), Query(totals.remainder(), _REST))
    return panels.shares(title, text, queries, stacked=True)


def _ranges(key: Key, totals: Totals) -> tuple[Query, ...]:
    """Return the ranges in order. The first is never published, so the remainder contains it."""
    first, *_ = wording.ranges(key.buckets)
    rest = Query(totals.remainder(), f"{first}, rare or unknown")
    return (rest, *(Query(totals.share(each), each) for each in promql.ranges(key)))


def _description(key: Key) -> str:
    """Return what a key asks and why, as Markdown in which Grafana replaces no variable."""
    parts = [key.description, f"Why: {key.purpose}" if key.purpose else ""]
    parts = [_markdown(part) for part in parts if part]
    if key.issue:
        parts.append(f"Decided: {_place(key.issue)}")
    parts.append(f"Sent: {_markdown(wording.sent(key))}.")
    if promql.overlaps(key):
        parts.append("A report may hold several values, so shares may add up to more than 100 %.")
    if key.type in {KeyType.LIST, KeyType.CHOICE, KeyType.VERSION, KeyType.PRODUCT}:
        parts.append(f"The bars are the {MOST} most frequent values.")
    if key.since:
        parts.append(f"Since {_markdown(key.since)}.")
    if key.expires:
        parts.append(f"Until {_markdown(key.expires)}.")
    return "\n\n".join(parts)


def _markdown(text: str) -> str:
    return wording.markdown(text).replace("$", "&#36;")


def _place(text: str) -> str:
    is_link = text.startswith(("http://", "https://")) and not set(text) & set("<> ")
    return f"<{panels.uninterpolated_url(text)}>" if is_link else _markdown(text)
