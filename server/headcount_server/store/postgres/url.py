"""The address of a PostgreSQL database, in a form that shows no password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

import psycopg
from psycopg import conninfo, pq

from headcount_server.errors import StoreError

_REMEDY = (
    "write postgresql://USER@HOST/NAME with options that libpq knows, with the signs @ : / ? # & "
    "% of a name or password as %40 %3A %2F %3F %23 %26 %25; or put the password into ~/.pgpass"
)
_SCHEME = "postgresql://"
# libpq says which of its options are secret, and does not list those of SCRAM at all.
_SECRET = {
    option.keyword.decode() for option in pq.Conninfo.get_defaults() if option.dispchar == b"*"
} | {"scram_client_key", "scram_server_key"}


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A database on a PostgreSQL server, in libpq's notation: `postgresql://user@host/name`."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the database of a URL. Raises StoreError, which repeats nothing of the URL."""
        # With a stray @, part of a password would be taken for a host or a name, and shown.
        authority, _, rest = text.partition("://")[2].partition("/")
        if "@" in rest or authority.count("@") > 1 or "@" in authority.partition("?")[2]:
            msg = f"--database: an @ stands in the URL where none belongs; {_REMEDY}"
            raise StoreError(msg)
        url = cls(_SCHEME + text.partition("://")[2])
        try:
            conninfo.conninfo_to_dict(url.text)
        except psycopg.Error:
            msg = f"--database: libpq cannot read this URL; {_REMEDY}"
            # libpq's message repeats what it could not read.
            raise StoreError(msg) from None
        return url

    def __str__(self) -> str:
        place, mark, options = self.text.removeprefix(_SCHEME).partition("?")
        user, at, where = place.rpartition("@")
        kept = [each for each in options.split("&") if not _is_secret(each)]
        return f"{_SCHEME}{user.partition(':')[0]}{at}{where}{mark if kept else ''}{'&'.join(kept)}"

    def __repr__(self) -> str:
        return f"PostgresUrl({str(self)!r})"


def _is_secret(option: str) -> bool:
    return unquote(option.partition("=")[0]) in _SECRET
