"""The kinds of destinations by the schemes of their URLs; no other module knows them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from headcount_server.destinations.contract import Destination
from headcount_server.destinations.url import DestinationUrl, credentials, refuse_secret
from headcount_server.errors import ConfigError

DIALECTS = ("mysql", "mariadb", "postgresql", "sqlite")
"""Databases that were tried; any other one that SQLAlchemy knows is refused."""
SEARCH = ("elasticsearch+http", "elasticsearch+https", "opensearch+http", "opensearch+https")
_NEEDED = ("sqlalchemy", "pymysql", "urllib3")


def with_passwords(
    flag: str, urls: Sequence[DestinationUrl], file: Path | None, *, visible: bool
) -> list[DestinationUrl]:
    """Return the URLs of a flag, with the passwords that a file of credentials has for them.

    `visible` says that they stand where others may read them, and a password is refused.
    Raises ConfigError.
    """
    known: Mapping[str, DestinationUrl] = {} if file is None else credentials(file)
    names = [str(url) for url in urls]
    for name, url in zip(names, urls, strict=True):
        if visible:
            refuse_secret(flag, url)
        if names.count(name) > 1:
            raise ConfigError(f"{flag} {name}: named twice; name it once")
    return [url if url.has_secret else known.get(str(url), url) for url in urls]


def parse(flag: str, url: DestinationUrl) -> Destination:
    """Return the destination of a URL, without connecting to it.

    Raises ConfigError if there is no such kind of destination, or the packages that it needs
    are not installed.
    """
    dialect = url.scheme.partition("+")[0]
    if dialect not in DIALECTS and url.scheme not in SEARCH:
        msg = (
            f"{flag} {url}: no destination of this kind; write mysql+pymysql://, "
            "mariadb+pymysql://, postgresql+psycopg://, sqlite:/// or elasticsearch+https://"
        )
        raise ConfigError(msg)
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        msg = (
            f"{flag}: needs packages that are not installed ({', '.join(missing)}); install them "
            "with: pip install 'headcount-server[publish]'"
        )
        raise ConfigError(msg)
    # They are an extra of this distribution.
    if url.scheme in SEARCH:
        from headcount_server.destinations.search import SearchDestination  # noqa: PLC0415

        return SearchDestination.open(flag, url)
    from headcount_server.destinations.sql import SqlDestination  # noqa: PLC0415

    return SqlDestination.open(flag, url)
