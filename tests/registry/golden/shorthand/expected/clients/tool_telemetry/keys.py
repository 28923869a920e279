# Written by headcount-registry from the declarations of tool; do not edit.
"""The keys of Tool: one method each, for the host to override.

The named sets of values are for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

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

        The release of the tool.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def quick(self) -> bool | None:
        """Quick mode.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None
