"""The recording rules: shares and their changes, computed once for many queries.

Names follow Prometheus' convention, `level:metric:operation`. A series is recorded for each
server, with its `job` and `instance`, so that two servers in one Prometheus stay apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.emitters.template import render
from headcount_registry.monitoring import promql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.model import Key, Project, Registry

_SERVER = "job, instance"
_AGO = " offset 1w"

Recording = tuple[str, str]
"""The name of a series, and the expression for it, on one line."""


def recording_rules(registry: Registry) -> str:
    """Return the file: a group for each project."""
    groups = ((project, _project(project)) for project in registry.projects)
    return render("recording.yml.jinja", groups=groups)


def _project(project: Project) -> Iterable[Recording]:
    (metric,) = names.metrics(project.name)
    yield f"project:{metric}:change1w", f"{_of_server(metric)} / {_of_server(metric, _AGO)} - 1"
    for key in sorted(project.keys, key=lambda key: key.name):
        yield from _key(project, key)


def _key(project: Project, key: Key) -> Iterable[Recording]:
    reports, answers, _ = names.metrics(project.name, key.name)
    share = f"value:{reports}:share"
    values, whole = f"max by ({_SERVER}, value) ({reports})", _of_server(answers)
    yield share, f"{values} / on ({_SERVER}) group_left () {whole}"
    if not promql.overlaps(key):
        counted = f"(sum by ({_SERVER}) ({values}) or 0 * {whole})"
        yield f"key:{reports}:remainder", f"({whole} - {counted}) / {whole}"
        yield f"{share}_change1w", f"{share} - {share}{_AGO}"


def _of_server(metric: str, at: str = "") -> str:
    return f"max by ({_SERVER}) ({metric}{at})"
