# Written by headcount-registry from the declarations of toy_shop; do not edit.
"""The keys of Toy "shop" \\ café: one method each, for the host to override.

The named sets of values are for type checkers only; import them under TYPE_CHECKING.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal, TypeAlias

    LayoutsValue: TypeAlias = Literal[
        "one_column",
        "two_columns",
        "other",
    ]

    ServerOsValue: TypeAlias = Literal[
        "Linux",
        'Windows "NT"',
        "Système Ö",
        '"quoted"',
        "WINNT",
        "other",
    ]

    WebServerValue: TypeAlias = Literal[
        "Apache",
        "nginx",
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

        The installed release of Toy "shop" \\ café, cut to two components.

        Why: See which releases are in use and decide how long each is supported.
        """
        return None

    def layouts(self) -> Iterable[LayoutsValue | str] | None:
        """Layouts.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def modules(self) -> Iterable[str] | None:
        """Modules.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def multisite(self) -> bool | None:
        """Multisite.

        Whether one installation serves several shops.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def pages(self) -> int | None:
        """Pages.

        What it is.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def php_version(self) -> str | None:
        """PHP version.

        The version of PHP, such as 8.2.

        Why: Decide which versions the next release needs.

        Decided: https://example.org/issues/1
        """
        return None

    def server_os(self) -> ServerOsValue | str | None:
        """Operating system.

        The system's family; a "kernel" and a \\ sign, */ and // besides.

        Why: Decide something.

        Decided: https://toymakers.org/1
        """
        return None

    def web_server(self) -> tuple[WebServerValue | str, str | None] | str | None:
        """Web server.

        What it is.

        Why: Test '''on''' it\\

        Decided: https://toymakers.org/1
        """
        return None
