# Written by headcount-registry from the declarations of shop; do not edit.
"""The keys of Shop: one method each, for the host to override.

The named sets of values are for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    EditionValue: TypeAlias = Literal[
        "community",
        "enterprise",
        "ce",
        "other",
    ]

    SecondEditionValue: TypeAlias = Literal[
        "community",
        "enterprise",
        "ce",
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

        The installed release of Shop, cut to two components.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def edition(self) -> EditionValue | str | None:
        """Edition.

        The edition that is installed.

        Why: Decide which editions get long-term support.

        Decided: https://shop.example.org/issues/1
        """
        return None

    def second_edition(self) -> SecondEditionValue | str | None:
        """Edition of the till.

        The edition that is installed.

        Why: Decide which editions get long-term support.

        Decided: https://shop.example.org/issues/2
        """
        return None
