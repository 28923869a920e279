"""A Flask site. Each worker of gunicorn starts a scheduler; one report leaves per week.

gunicorn --workers 4 --config gunicorn.conf.py acme_flask:app
"""

from __future__ import annotations

import os

from acme_telemetry import Collectors, Telemetry
from flask import Flask
from headcount import state_directory, stock

app = Flask(__name__)


class Acme(Collectors):
    """What the site knows about itself; it is asked in a thread without a request."""

    def version(self) -> str:
        return "2.5.1"

    def python_version(self) -> str:
        return stock.python_version()

    def operating_system(self) -> str | None:
        return stock.operating_system()

    def plugins(self) -> list[str]:
        return sorted(app.blueprints)


telemetry = Telemetry(
    Acme(),
    state_directory=os.environ.get("ACME_STATE") or state_directory("acme"),
    endpoint=os.environ.get("ACME_ENDPOINT"),
)


@app.get("/")
def index() -> str:
    """Greet."""
    return "Hello!\n"
