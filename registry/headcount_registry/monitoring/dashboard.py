"""A dashboard: rows of panels, laid out, as the JSON that Grafana imports and provisions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.emitters.text import MARKER
from headcount_registry.monitoring.panels import (
    DATASOURCE,
    Panel,
    uninterpolated,
    uninterpolated_url,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.monitoring.panels import Json

SCHEMA_VERSION = 42
"""The schema version that Grafana 12 and later write; older ones migrate what they know."""
TAG = "headcount"
_WIDTH = 24
_MAX_UID = 40
_MAX_TITLE = 160


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Rows under a title. `name` is unique and stable, and gives the dashboard its address.

    `since` is the span of time that it shows at first, such as `1y`. `pickers` are the variables
    that its reader sets, beside the data source.
    """

    name: str
    title: str
    description: str
    since: str
    refresh: str
    rows: tuple[Row, ...]
    pickers: tuple[Json, ...]
    homepage: str = ""

    def text(self) -> str:
        """Return the text of the file."""
        return json.dumps(self._json(), ensure_ascii=False, indent=2) + "\n"

    def _json(self) -> Json:
        title = self.title if len(self.title) <= _MAX_TITLE else self.title[:_MAX_TITLE] + "…"
        return {
            "description": f"{MARKER}; do not edit. {self.description}",
            "uid": uid(self.name),
            "title": uninterpolated(title),
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "utc",
            "weekStart": "monday",
            "time": {"from": f"now-{self.since}", "to": "now"},
            "refresh": self.refresh,
            "templating": {"list": [_DATASOURCE, *self.pickers]},
            "annotations": {"list": []},
            "links": list(_links(self.homepage)),
            "panels": list(_laid_out(self.rows)),
        }


_DATASOURCE: Json = {
    "type": "datasource",
    "name": "datasource",
    "label": "Data source",
    "description": "The Prometheus that scrapes the server of headcount.",
    "query": "prometheus",
    "multi": False,
    "includeAll": False,
    "refresh": 1,
}


def servers(metric: str, *, together: bool) -> tuple[Json, ...]:
    """Return pickers of the job and the instances that expose a metric.

    At first the dashboard shows one job, and all its instances if they are read `together`: the
    work of replicas adds up. Totals are the same on each, so one instance is enough, and another
    server within the job is not mixed in.
    """
    query: Json = {
        "type": "query",
        "datasource": DATASOURCE,
        "multi": True,
        "includeAll": False,
        "refresh": 2,  # whenever the span of time changes
        "sort": 1,
    }
    jobs, instances = (
        f"label_values({metric}, job)",
        f'label_values({metric}{{job=~"$job"}}, instance)',
    )
    everything: Json = {"includeAll": True, "allValue": ".+"} if together else {}
    return (
        {**query, "name": "job", "label": "Job", "query": jobs, "definition": jobs},
        {
            **query,
            "name": "instance",
            "label": "Instance",
            "query": instances,
            "definition": instances,
            **everything,
        },
    )


def one_of(name: str, label: str, choices: Iterable[tuple[str, str]]) -> Json:
    """Return a picker of one value; a choice is the text that people read, and the value."""
    texts = ((uninterpolated(text).replace(",", r"\,"), value) for text, value in choices)
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "query": ", ".join(f"{text} : {value}" for text, value in texts),
        "multi": False,
        "includeAll": False,
    }


def uid(name: str) -> str:
    """Return the identifier in a dashboard's address: 40 characters at most, fixed for a name."""
    plain = f"{TAG}-{name}"
    if len(plain) <= _MAX_UID:
        return plain
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[: _MAX_UID - 9]}-{digest}"


def _links(homepage: str) -> Iterable[Json]:
    common = {"includeVars": False, "keepTime": False}
    yield {
        "type": "dashboards",
        "title": "All of headcount",
        "tags": [TAG],
        "asDropdown": True,
        "icon": "external link",
        "tooltip": "",
        "targetBlank": False,
        **common,
    }
    if homepage.startswith(("https://", "http://")):
        yield {
            "type": "link",
            "title": "Homepage",
            "url": uninterpolated_url(homepage),
            "tags": [],
            "asDropdown": False,
            "icon": "external link",
            "tooltip": "",
            "targetBlank": True,
            **common,
        }


def _laid_out(rows: Iterable[Row]) -> Iterable[Json]:
    """Return panels from left to right, wrapped into lines, with ids in that order."""
    number, y = 1, 0
    for row in rows:
        yield {
            "id": number,
            "type": "row",
            "title": uninterpolated(row.title),
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1},
            "panels": [],
        }
        number, x, y, height = number + 1, 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > _WIDTH:
                x, y, height = 0, y + height, 0
            yield panel.json(number, x, y)
            number, x, height = number + 1, x + panel.width, max(height, panel.height)
        y += height
