# Written by headcount-registry from the declarations of shop; do not edit.
"""Weekly usage counts of Shop, anonymous and only with consent.

Subclass `Collectors`, and give an instance to `Telemetry`.
"""

from __future__ import annotations

from headcount.generated import Client, requires

from ._project import PROJECT
from .keys import Collectors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Unpack

    from headcount.generated import ClientOptions

__all__ = ["PROJECT", "Collectors", "Telemetry"]

requires(__name__, at_least="0.1", below="0.2")


class Telemetry(Client):
    """Consent, the weekly report and its sending, for Shop.

    `settings` are the further arguments of `headcount.Client`, by name.
    """

    def __init__(
        self,
        collectors: Collectors,
        *,
        state_directory: str | PathLike[str],
        endpoint: str | None = None,
        **settings: Unpack[ClientOptions],
    ) -> None:
        super().__init__(
            PROJECT,
            collectors,
            state_directory=state_directory,
            endpoint=endpoint,
            **settings,
        )
