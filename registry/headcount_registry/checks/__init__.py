"""Checks of declarations; `run_checks` runs all of them, `ALL` names them.

To add one, write a function in the module of its subject and decorate it (`table.py`).
"""

from __future__ import annotations

from headcount_registry.checks import (
    allowances,
    conventions,
    dates,
    explanations,
    grammar,
    keys,
    literals,
    metrics,
    privacy,
    projects,
    relays,
    similar,
    translations,
    values,
)
from headcount_registry.checks.dates import Days
from headcount_registry.checks.runner import Checked, every_check, look, run_checks
from headcount_registry.checks.table import Check, When

__all__ = ["ALL", "Check", "Checked", "Days", "When", "look", "run_checks"]

_MODULES = (
    grammar,
    literals,
    keys,
    conventions,
    explanations,
    dates,
    values,
    privacy,
    similar,
    projects,
    relays,
    translations,
    metrics,
    allowances,
)

ALL: tuple[Check, ...] = every_check()
