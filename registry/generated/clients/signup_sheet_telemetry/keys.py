# Written by headcount-registry from the declarations of signup_sheet; do not edit.
"""The keys of Signup Sheet: one method each, for the host to override.

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

        The installed release of Signup Sheet, cut to two components.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def jquery_version(self) -> str | None:
        """jQuery Version."""
        return None

    def php_version(self) -> str | None:
        """PHP Version."""
        return None
