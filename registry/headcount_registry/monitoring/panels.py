"""The kinds of panel that dashboards are made of.

Shapes and names are Grafana's own (schema version 42). Every panel queries the data source
that the dashboard's variable names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = dict[str, Any]
"""A part of a dashboard, in Grafana's JSON."""

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
SHARE = "percentunit"
COUNT = "locale"
"""Whole numbers in full, with separators of thousands."""
ABSENT = "fewer than are published"
"""The text of a panel if a published total is absent."""
_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LAST: Json = {"values": False, "calcs": ["lastNotNull"], "fields": ""}
_BY_NAME: Json = {"mode": "palette-classic-by-name"}
_PART: Json = {"unit": SHARE, "decimals": 1, "min": 0, "max": 1}
_LEGEND: Json = {
    "legend": {"displayMode": "list", "placement": "right", "showLegend": True, "calcs": []},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query; `legend` names its series, with labels in double braces."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel with its size, in units of a grid that is 24 wide; the dashboard places it."""

    kind: str
    title: str
    description: str
    width: int
    height: int
    targets: tuple[Json, ...] = ()
    options: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    transformations: tuple[Json, ...] = ()

    def json(self, number: int, x: int, y: int) -> Json:
        """Return the panel in the form that a dashboard holds."""
        panel: Json = {
            "id": number,
            "type": self.kind,
            "title": uninterpolated(self.title),
            "description": self.description,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
        }
        if self.targets:
            panel["datasource"] = DATASOURCE
            panel["targets"] = list(self.targets)
        if self.transformations:
            panel["transformations"] = list(self.transformations)
        panel["fieldConfig"] = {"defaults": self.defaults, "overrides": list(self.overrides)}
        panel["options"] = self.options
        return panel


def uninterpolated(text: str) -> str:
    """Return a text that looks the same, but in which Grafana replaces no variable."""
    return text.replace("$", "$\N{WORD JOINER}").replace("[[", "[\N{WORD JOINER}[")


def uninterpolated_url(address: str) -> str:
    """Return an equivalent address in which Grafana replaces no variable."""
    return address.replace("$", "%24").replace("[", "%5B").replace("]", "%5D")


def bars(title: str, description: str, queries: Iterable[Query]) -> Panel:
    """Return a panel of the latest shares, with a bar for each series."""
    return Panel(
        kind="bargauge",
        title=title,
        description=description,
        width=10,
        height=9,
        targets=_targets(queries, instant=True),
        options={
            "displayMode": "basic",
            "orientation": "horizontal",
            "showUnfilled": True,
            "valueMode": "text",
            "reduceOptions": _LAST,
        },
        defaults={**_PART, "color": _BY_NAME, "noValue": ABSENT},
    )


def dial(title: str, description: str, query: Query) -> Panel:
    """Return a panel of one latest share."""
    return Panel(
        kind="gauge",
        title=title,
        description=description,
        width=10,
        height=9,
        targets=_targets([query], instant=True),
        options={"showThresholdMarkers": False, "reduceOptions": _LAST},
        defaults={
            **_PART,
            "color": {"mode": "fixed", "fixedColor": "blue"},
            "noValue": ABSENT,
        },
    )


def shares(
    title: str, description: str, queries: Iterable[Query], *, stacked: bool = False
) -> Panel:
    """Return a panel of shares over time, as lines or as parts of a whole."""
    defaults: Json = {"unit": SHARE, "min": 0}
    if stacked:
        defaults["max"] = 1
    return graph(title, description, queries, defaults, stacked=stacked, width=14)


def graph(  # noqa: PLR0913 - what a graph may differ in
    title: str,
    description: str,
    queries: Iterable[Query],
    defaults: Json,
    *,
    stacked: bool = False,
    width: int = 12,
) -> Panel:
    """Return a panel of series over time."""
    custom: Json = {
        "drawStyle": "line",
        "lineInterpolation": "stepAfter",
        "lineWidth": 1,
        "fillOpacity": 60 if stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        width=width,
        height=9,
        targets=_targets(queries),
        options=_LEGEND,
        defaults={"color": _BY_NAME, **defaults, "custom": custom},
    )


def number(
    title: str,
    description: str,
    query: Query,
    defaults: Json,
    limits: Sequence[tuple[float | None, str]] = ((None, "text"),),
) -> Panel:
    """Return a panel of one latest number; `limits` map a lower bound to a colour."""
    steps = [{"value": value, "color": colour} for value, colour in limits]
    return Panel(
        kind="stat",
        title=title,
        description=description,
        width=4,
        height=4,
        targets=_targets([query], instant=True),
        options={
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "textMode": "auto",
            "reduceOptions": _LAST,
        },
        defaults={
            **defaults,
            "color": {"mode": "thresholds"},
            "thresholds": {"mode": "absolute", "steps": steps},
        },
    )


def table(
    title: str, description: str, columns: Mapping[str, Query], units: Mapping[str, str]
) -> Panel:
    """Return a panel with a table of series by label, with a column for each query."""
    targets = _targets(columns.values(), instant=True, form="table")
    names = {f"Value #{ref}": name for ref, name in zip(_REFS, columns, strict=False)}
    if len(columns) == 1:
        names = {"Value": next(iter(columns))}
    return Panel(
        kind="table",
        title=title,
        description=description,
        width=10,
        height=9,
        targets=targets,
        options={"showHeader": True, "cellHeight": "sm"},
        overrides=tuple(
            {
                "matcher": {"id": "byName", "options": name},
                "properties": [{"id": "unit", "value": unit}],
            }
            for name, unit in units.items()
        ),
        transformations=(
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {"excludeByName": {"Time": True}, "renameByName": names},
            },
        ),
    )


def by_release(title: str, description: str, query: str, *, stacked: bool) -> Panel:
    """Return a panel of values by release: bars that add up to a whole, or else a table."""
    matrix: Json = {
        "id": "groupingToMatrix",
        "options": {"columnField": "value", "rowField": "version", "valueField": "Value"},
    }
    options: Json = {"showHeader": True, "cellHeight": "sm"}
    if stacked:
        options = {
            "orientation": "horizontal",
            "stacking": "percent",
            "showValue": "never",
            **_LEGEND,
        }
    return Panel(
        kind="barchart" if stacked else "table",
        title=title,
        description=description,
        width=24,
        height=9,
        targets=_targets([Query(query)], instant=True, form="table"),
        options=options,
        defaults={
            **({"color": _BY_NAME} if stacked else {}),
            "unit": COUNT,
            "noValue": ABSENT,
        },
        transformations=(matrix,),
    )


def text(title: str, markdown: str, *, width: int, height: int) -> Panel:
    """Return a panel with a text in Markdown, in which Grafana replaces no variable."""
    return Panel(
        kind="text",
        title=title,
        description="",
        width=width,
        height=height,
        options={"mode": "markdown", "content": markdown},
    )


def _targets(
    queries: Iterable[Query], *, instant: bool = False, form: str = "time_series"
) -> tuple[Json, ...]:
    return tuple(
        {
            "refId": _ref(count),
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": query.expression,
            "legendFormat": query.legend or "__auto",
            "instant": instant,
            "range": not instant,
            "format": form,
        }
        for count, query in enumerate(queries)
    )


def _ref(count: int) -> str:
    """Return the letters of a query by its place: `A` to `Z`, then `AA` and on."""
    more, last = divmod(count, len(_REFS))
    return (_ref(more - 1) if more else "") + _REFS[last]
