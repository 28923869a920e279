"""Checks of declarations; `look` runs all of them, `ALL` names them.

To add one, write a function in the module of its subject and decorate it (`table.py`).
"""

from __future__ import annotations

from headcount_registry.checks import grammar, keys, projects, table, values
from headcount_registry.checks.table import Check, look

__all__ = ["ALL", "Check", "look"]

_MODULES = (grammar, keys, values, projects)

ALL: tuple[Check, ...] = (
    *table.FILE_CHECKS,
    *table.KEY_CHECKS,
    *table.PROJECT_CHECKS,
    *table.DRAFT_CHECKS,
)
