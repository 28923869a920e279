"""The further arguments of `headcount.Client`, as type checkers and editors see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headcount.transport.messages import Transport


class ClientOptions(TypedDict, total=False):
    """What a generated `Telemetry` passes on by name; `headcount.Client` explains each."""

    environment: Mapping[str, str]
    clock: Callable[[], float]
    randomness: Callable[[], float]
    transport: Transport | None
    administrator_off: bool
    allow_plaintext: bool
    root_certificates: bytes | None
    patience: float | None
    off_file: str | None
