# Written by headcount-registry from the declarations of bee; do not edit.
"""The keys of Bee: one method each, for the host to override.

The named sets of values are for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    OperatingSystemValue: TypeAlias = Literal[
        "Linux",
        "macOS",
        "Windows",
        "FreeBSD",
        "OpenBSD",
        "NetBSD",
        "Solaris",
        "Darwin",
        "SunOS",
        "WIN32",
        "WINNT",
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
        """Bee version.

        The release of bee, such as 1.1.

        Why: Decide for how long older releases of bee get fixes.

        Decided: https://github.com/backdrop-contrib/bee/issues/393
        """
        return None

    def multisite(self) -> bool | None:
        """Multisite.

        Whether bee is run on an installation that serves several sites.

        Why: Decide whether commands that act on all sites of an installation are worth writing.

        Decided: https://github.com/backdrop-contrib/bee/issues/393
        """
        return None

    def operating_system(self) -> OperatingSystemValue | str | None:
        """Operating system.

        The family of operating systems that bee runs on, such as Linux.

        Why: Decide which operating systems bee is tested and documented for.

        Decided: https://github.com/backdrop-contrib/bee/issues/393
        """
        return None

    def php_version(self) -> str | None:
        """PHP version.

        The version of PHP that runs bee on the command line, such as 8.2.

        Why: Decide which PHP versions the next release of bee still has to run on.

        Decided: https://github.com/backdrop-contrib/bee/issues/393
        """
        return None
