"""Citus is there or not; its tests are then not collected."""

from __future__ import annotations

from support import postgres_server

collect_ignore = [] if postgres_server.has_citus() else ["test_citus.py"]
