"""The secret that weekly tokens are made of, and which tokens may be made of it.

A token that occurs in two weeks would be a number that follows an installation,
and a server that names the week of a token could ask for the same one again and again.
So the client obeys a server only within bounds that no response can move. Two
kinds of token are made:

* for the client's own week, unless a server named that week in another own week;
* for a week that a server names, once per own week, and only if it is later
  than every week that a token was ever made for.

Hence no token is made in two own weeks. The weeks stand beside the key in one
file: if the file is lost, the key is lost with it, and new tokens have nothing
in common with the old ones.
"""

from __future__ import annotations

import json

from headcount.model.frozen import NOTHING, Frozen
from headcount.model.week import Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

KEY_SIZE = 32
"""Bytes of a key."""

TOKEN_SIZE = 16
"""Bytes of a token."""


class TokenSecret(Frozen):
    """A key of 32 random bytes, and the weeks that tokens were made for.

    Weeks are ISO labels. `latest` is the latest week of all, `""` before the
    first; `named` maps an own week to the week that a server named in it; `since` is
    the own week of the first token, `""` if it is unknown. `for_own` and `for_named`
    return the secret that must be on disk before a token is made, or None if the
    token must not be made.
    """

    key: bytes
    latest: str = ""
    named: Mapping[str, str] = NOTHING
    since: str = ""

    def for_own(self, own: str) -> Self | None:
        """Return the secret that may make the token of its own week."""
        if any(week == own and other != own for other, week in self.named.items()):
            return None
        return self.replaced(latest=max(self.latest, own), since=self.first_week(own))

    def first_week(self, own: str) -> str:
        """Return the own week of the first token, if one is made in `own`; `""` if it is unknown.

        It is unknown from then on if the clock was ahead in it, and to former clients.
        """
        if not self.latest:
            return own
        return self.since if self.since <= own else ""

    def for_named(self, own: str, week: str) -> Self | None:
        """Return the secret that may make the token of a week that a server named."""
        if own in self.named:
            return self if self.named[own] == week else None
        if week <= self.latest:
            return None
        return self.replaced(latest=week, named={**self.named, own: week})

    def token(self, project: str, week: str) -> bytes:
        """Return the 16 bytes that make this installation count once in a week."""
        import hmac

        return hmac.digest(self.key, f"{project}:{week}".encode(), "sha256")[:TOKEN_SIZE]

    def encode(self) -> bytes:
        """Return the bytes of its file."""
        parts = {**self.parts(), "key": self.key.hex(), "named": dict(self.named)}
        return json.dumps(parts, indent=1).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self | None:
        """Return the secret in a file's bytes, None if they hold anything else."""
        try:
            parts = {"since": "", **json.loads(data)}  # the first secrets lack it
            key = bytes.fromhex(parts.pop("key"))
            named = {_label(own): _label(week) for own, week in parts.pop("named").items()}
            latest, since = (parts.pop(name) for name in ("latest", "since"))
            if len(key) != KEY_SIZE or parts:
                return None
            weeks = {"latest": latest and _label(latest), "since": since and _label(since)}
            return cls(key=key, named=named, **weeks)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def __repr__(self) -> str:
        return f"TokenSecret(latest={self.latest!r})"  # a key has no place in a log


class SharedSecret(TokenSecret):
    """A key that replicas share. They cannot know which weeks a server named to the others.

    So it makes only the token of the own week. It stores nothing, because the record for
    the own week is always the same.
    """

    def for_own(self, own: str) -> Self | None:  # noqa: ARG002 - no week was ever named
        """Return the secret itself."""
        return self

    def for_named(self, own: str, week: str) -> Self | None:  # noqa: ARG002 - none is obeyed
        """Return None: no token is made for a week that a server names."""
        return None


def _label(week: str) -> str:
    return Week.named(week).label
