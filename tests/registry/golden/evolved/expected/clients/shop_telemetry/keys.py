# Written by headcount-registry from the declarations of shop; do not edit.
"""The keys of shop: one method each, for the host to override.

The named sets of values are for type checkers only; import them under TYPE_CHECKING.
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
    """The host's answers about itself. None, the default, means no answer.

    A method is called only while its key is agreed to. Its answer is cut to the declared bounds
    before it leaves: undeclared values become other, versions are shortened, and numbers become
    their range. A method may have a narrower type: with the named sets, a type checker refuses
    undeclared values.
    """

    def version(self) -> str | None:
        """Release.

        The installed release of shop, cut to two components.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def colour(self) -> ColourValue | str | None:
        """Colour.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def new_name(self) -> bool | None:
        """Renamed.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def back_again(self) -> bool | None:
        """Back again.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def added(self) -> bool | None:
        """Added as well.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def zebra(self) -> str | None:
        """Added.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None
