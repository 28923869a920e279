"""Anonymous weekly usage counts for open-source software: the client that hosts embed.

Each start of a host loads this package, so some rooms are light: `model`, `storage`,
`consent`, `delivery`, and the modules of this folder. At import time they import only
each other and a few modules of the standard library. Even `typing` (hence their
`TYPE_CHECKING = False`) and `pathlib` are too slow. They import everything else inside
the functions that need it; gRPC and protobuf load when a report is made or sent. The
other rooms are ordinary Python. tests/repository/test_architecture.py enforces this
rule, and lists the modules that no light module imports, which are ordinary too.
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
    """Load the rest of the public surface when somebody asks for it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
