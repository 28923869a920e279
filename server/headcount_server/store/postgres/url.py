"""Where a PostgreSQL database is, in a form that shows no password."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PASSWORD = re.compile(r"(://[^/@:]*):[^/@]*@|(?<=[?&]password=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A database on a PostgreSQL server, as libpq writes it: `postgresql://user@host/name`."""

    text: str

    def __str__(self) -> str:
        return _PASSWORD.sub(lambda found: f"{found[1]}@" if found[1] else "", self.text)

    def __repr__(self) -> str:
        return f"PostgresUrl({str(self)!r})"
