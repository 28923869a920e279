"""The server: adds reports to weekly totals and keeps nothing else."""

from __future__ import annotations

__version__ = "0.1.0"
