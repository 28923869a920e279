# Written by headcount-registry from the declarations of contrib; do not edit.
"""The keys of Contributed module: one method each, for the host to override.

The named sets of values exist for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

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

        The installed release of Contributed module, cut to two components.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def php_version(self) -> str | None:
        """PHP Version."""
        return None

    def server_os(self) -> str | None:
        """Server OS."""
        return None
