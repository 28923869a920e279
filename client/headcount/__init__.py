"""Anonymous weekly usage counts for open-source software: the client that hosts embed.

A host pays for this package at each of its starts, so some rooms are light:
`model`, `storage`, `consent`, `delivery`, and the modules of this folder. At
import time they import nothing but each other and a few modules of the standard
library: `typing` is too dear already, hence their `TYPE_CHECKING = False`, and
so is `pathlib`. What else they need, they import in the functions that need it;
gRPC and protobuf come when a report is made or sent. The other rooms are
ordinary Python. tests/repository/test_architecture.py keeps this rule, and lists the
modules that no light one imports, which are ordinary too.
"""

from __future__ import annotations

from headcount.client import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headcount.consent.state import State
    from headcount.delivery.outcome import Outcome
    from headcount.delivery.preview import Preview
    from headcount.model.errors import HeadcountError
    from headcount.storage.place import state_directory

__all__ = ["Client", "HeadcountError", "Outcome", "Preview", "State", "state_directory"]

__version__ = "0.1.0"
"""The version of all three distributions: client, server and registry."""

_HOMES = {
    "HeadcountError": "model.errors",
    "Outcome": "delivery.outcome",
    "Preview": "delivery.preview",
    "State": "consent.state",
    "state_directory": "storage.place",
}


def __getattr__(name: str) -> object:
    """Loads the rest of the public surface when somebody asks for it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
