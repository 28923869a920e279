"""The server: adds reports to weekly totals and keeps nothing else."""

from __future__ import annotations

import os

# grpc's core writes to stderr by itself, past the log's form and past what the log leaves out.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
