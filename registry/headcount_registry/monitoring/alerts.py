"""Alert rules for the operator of a server; the same for every registry."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from headcount_registry.emitters.template import render

if TYPE_CHECKING:
    from headcount_registry.monitoring.thresholds import Thresholds


def alert_rules(thresholds: Thresholds) -> str:
    """The file. The thresholds are checked words and numbers, which YAML needs no quotes for."""
    values = {field.name: getattr(thresholds, field.name) for field in fields(thresholds)}
    return render("alerts.yml.jinja", **values)
