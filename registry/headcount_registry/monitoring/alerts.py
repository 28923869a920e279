"""The alert rules for a server's operator, which are the same for every registry."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from headcount_registry.emitters.template import render

if TYPE_CHECKING:
    from headcount_registry.monitoring.thresholds import Thresholds


def alert_rules(thresholds: Thresholds) -> str:
    """Return the file. Thresholds are checked words and numbers, which YAML takes unquoted."""
    values = {field.name: getattr(thresholds, field.name) for field in fields(thresholds)}
    return render("alerts.yml.jinja", **values)
