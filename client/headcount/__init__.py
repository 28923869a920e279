"""Anonymous weekly usage counts for open-source software: the client that hosts embed.

Importing this package, and asking a client whether anything is due, brings in
neither gRPC nor protobuf.
"""

from __future__ import annotations

from headcount.client import Client

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from headcount.consent.state import State
    from headcount.delivery.outcome import Outcome
    from headcount.delivery.preview import Preview
    from headcount.model.errors import HeadcountError

__all__ = ["Client", "HeadcountError", "Outcome", "Preview", "State"]

__version__ = "0.1.0"
"""The version of all three distributions: client, server and registry."""

_HOMES = {
    "HeadcountError": "model.errors",
    "Outcome": "delivery.outcome",
    "Preview": "delivery.preview",
    "State": "consent.state",
}


def __getattr__(name: str) -> object:
    """Loads the rest of the public surface when somebody asks for it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only for what is asked for

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
