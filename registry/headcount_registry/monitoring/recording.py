"""The recording rules: shares and their changes, computed once for many queries.

Names follow Prometheus' convention, `level:metric:operation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.emitters.template import render
from headcount_registry.monitoring import promql
from headcount_registry.monitoring.promql import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.model import Key, Project, Registry

Recording = tuple[str, str]
"""The name of a series, and the expression for it, on one line."""


def recording_rules(registry: Registry) -> str:
    """Return the file: a group for each project."""
    groups = ((project, _project(project)) for project in registry.projects)
    return render("recording.yml.jinja", groups=groups)


def _project(project: Project) -> Iterable[Recording]:
    (metric,) = names.metrics(project.name)
    yield f"project:{metric}:change1w", promql.change(project)
    for key in sorted(project.keys, key=lambda key: key.name):
        yield from _key(project, key)


def _key(project: Project, key: Key) -> Iterable[Recording]:
    totals = Totals.of(project, key)
    share = f"value:{totals.reports}:share"
    yield share, totals.shares()
    if not promql.overlaps(key):
        yield f"key:{totals.reports}:remainder", totals.remainder()
        yield f"{share}_change1w", f"{share} - {share} offset 1w"
