"""A FastAPI site. Each process of uvicorn starts a scheduler; one report leaves per week.

uvicorn --workers 2 acme_fastapi:app
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from acme_telemetry import Collectors, Telemetry
from fastapi import FastAPI
from headcount import state_directory, stock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Acme(Collectors):
    """What the site knows about itself; it is asked in a thread, beside the event loop."""

    def version(self) -> str:
        return "2.5.1"

    def python_version(self) -> str:
        return stock.python_version()

    def operating_system(self) -> str | None:
        return stock.operating_system()


telemetry = Telemetry(
    Acme(),
    state_directory=os.environ.get("ACME_STATE") or state_directory("acme"),
    endpoint=os.environ.get("ACME_ENDPOINT"),
)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Send for as long as the site runs."""
    scheduler = telemetry.start_scheduler()
    yield
    scheduler.stop()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index() -> str:
    """Greet."""
    return "Hello!"
