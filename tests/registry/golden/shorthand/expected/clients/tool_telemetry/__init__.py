# Written by headcount-registry from the declarations of tool; do not edit.
"""Weekly usage counts of Tool, anonymous and only with consent.

Subclass `Collectors`, and give an instance to `Telemetry`.
"""

from __future__ import annotations

from headcount import Client

from ._project import PROJECT
from .keys import Collectors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike
    from typing import Unpack

    from headcount.settings import Settings

__all__ = ["PROJECT", "Collectors", "Telemetry"]


class Telemetry(Client):
    """Consent, the weekly report and its sending, for Tool.

    `settings` are the further arguments of `headcount.Client`, by name.
    """

    def __init__(
        self,
        collectors: Collectors,
        *,
        state_directory: str | PathLike[str],
        endpoint: str | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(
            PROJECT,
            collectors,
            state_directory=state_directory,
            endpoint=endpoint,
            **settings,
        )
