"""The server: adds reports to weekly totals and keeps nothing else."""

from __future__ import annotations

import os

# grpc's core writes to stderr by itself, and so bypasses the log's form and filter.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
