"""The examples of this repository, installed as in a host."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from headcount_server.week import Week

from support.other_day import other_day
from support.repository import ROOT
from support.server_process import BIN, ServerProcess

EXAMPLES = ROOT / "examples"

LONG_AGO = """
import sys, time
from acme_telemetry import Collectors, Telemetry
Telemetry(
    Collectors(), state_directory=sys.argv[1], environment={},
    clock=lambda: time.time() - 9 * 86_400,
).grant("extended", via="test")
"""
"""A yes that was given nine days ago, so that a report may leave at once."""

SOON = """
import sys, time
from acme_telemetry import Collectors, Telemetry
Telemetry(
    Collectors(), state_directory=sys.argv[1], environment={}, randomness=lambda: 0.0
).due()
"""
"""Draws this week's moment, and draws the present one."""


def build(place: Path) -> Path:
    """Write what the registry makes of the examples' declarations."""
    subprocess.run(
        [BIN / "headcount-registry", "build", EXAMPLES / "declarations", "--out", place],
        check=True,
        capture_output=True,
    )
    return place


class Place:
    """A host's directory, environment and server."""

    def __init__(self, directory: Path, generated: Path, endpoint: str) -> None:
        self.directory = directory
        self.environment = {
            **other_day(),
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "PYTHONPATH": os.pathsep.join([
                str(generated / "clients"), str(EXAMPLES / "django_site"), *filter(None, sys.path),
            ]),
            "ACME_STATE": str(directory / "state"),
            "ACME_ENDPOINT": endpoint,
            "ACME_SECRET_KEY": "for the tests",
        }  # fmt: skip

    def run(self, *command: object) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", *(str(part) for part in command)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def make_due(self, state: Path) -> None:
        """Make a report due now."""
        self.run("-c", LONG_AGO, state)
        self.run("-c", SOON, state)


def published(server: ServerProcess, line: str) -> str:
    """Close the week, and return what everyone can read then."""
    server.set_clock(Week.of(server.now).end + timedelta(days=2, seconds=1))
    return server.wait_for_metric(line)
