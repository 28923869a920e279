# Written by headcount-registry from the declarations of shop; do not edit.
"""The keys of shop: one method each, for the host to override.

The named sets of values exist for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    ColourValue: TypeAlias = Literal[
        "red",
        "violet",
        "other",
    ]

__all__ = ["Collectors"]


class Collectors:
    """What the host knows about itself. None, the default, is no answer.

    A method is called only while its key is agreed to. What it returns is cut to the declared
    bounds before it leaves: values that are not declared become other, versions are shortened,
    and of numbers only the bucket is kept. A method may be typed more narrowly: with the named
    sets a type checker refuses what is undeclared.
    """

    def version(self) -> str | None:
        """Release.

        The installed release of shop, cut to two components.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def colour(self) -> ColourValue | str | None:
        """Colour."""
        return None

    def new_name(self) -> bool | None:
        """Renamed."""
        return None

    def back_again(self) -> bool | None:
        """Back again."""
        return None

    def added(self) -> bool | None:
        """Added as well."""
        return None

    def zebra(self) -> str | None:
        """Added."""
        return None
