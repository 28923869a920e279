"""The process that `delivery.background` starts to run a report's errand.

It reads the decision once more, and sends the report. It ends within a minute.
"""

from __future__ import annotations

import json
import signal
import sys

from headcount.client import Client
from headcount.delivery.background import ERRAND, LIFETIME
from headcount.model.project import Key, Project
from headcount.reporting.collectors import Collected
from headcount.storage.state_directory import StateDirectory


def run(path: str, name: str) -> None:
    """Run an errand, if it still exists; a no removes it.

    The errand is removed once its report is sent or put off, which tells that it was not lost.
    """
    _limit_life()
    directory = StateDirectory(path, name)
    data = directory.read(ERRAND)
    if data is None:
        return
    errand = json.loads(data)
    parts = errand["project"]
    schema = bytes.fromhex(parts.pop("schema"))
    keys = tuple(Key(**key) for key in parts.pop("keys"))
    roots = errand["settings"].pop("root_certificates")
    Client(
        Project(**parts, keys=keys, schema=lambda: schema),
        Collected(
            answers={
                name: tuple(answer) if isinstance(answer, list) else answer
                for name, answer in errand["answers"].items()
            },
            notes=errand["notes"],
            undeclared={},
        ),
        state_directory=path,
        root_certificates=roots and bytes.fromhex(roots),
        **errand["settings"],
    ).send_now()
    directory.drop(ERRAND)


def _limit_life() -> None:
    if sys.platform != "win32":
        signal.alarm(LIFETIME)
