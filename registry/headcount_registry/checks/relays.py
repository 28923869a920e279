"""Checks of the relay of a project, and of the key that reports are sealed to."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from headcount_registry.checks.projects import is_endpoint
from headcount_registry.checks.table import project_check

if TYPE_CHECKING:
    from headcount_registry.checks.table import Problems
    from headcount_registry.declarations.draft import ProjectDraft

_KEM = b"\x00\x20"  # DHKEM(X25519, HKDF-SHA256)
_CIPHER = b"\x00\x01\x00\x03"  # HKDF-SHA256 and ChaCha20Poly1305
_FIXED = 37  # bytes before the algorithms: identifier, KEM, public key, length


@project_check("project-relay")
def project_relay(project: ProjectDraft) -> Problems:
    """A relay carries what only the server can open, so relay and key need each other."""
    relay, key = project.scalar("relay"), project.scalar("oblivious_key")
    if relay and not (relay.text.startswith("http") and is_endpoint(relay.text)):
        yield (
            relay.value_location,
            f"`{relay.text}` is no address of a relay; write https://host[:port][/path]",
        )
    if key and not is_key(key.text):
        yield (
            key.value_location,
            (
                "this is no oblivious key; copy the whole line that `headcount-server"
                " oblivious-key new FILE` prints"
            ),
        )
    for stated, missing in ((relay, "oblivious_key"), (key, "relay")):
        if stated and not project.scalar(missing):
            yield (
                stated.location,
                (
                    f"`{stated.path[0]}` is of no use without the other; write"
                    f" `headcount[{missing}] = ...` too, or remove this line"
                ),
            )
    if relay and not project.text("endpoint"):
        yield (
            relay.location,
            (
                "the relay passes reports on to the endpoint, which is not stated; write"
                " `headcount[endpoint] = https://...`"
            ),
        )


def is_key(text: str) -> bool:
    """Return whether a text is a key configuration (RFC 9458, 3.1) that every client can use."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return False
    pairs = data[_FIXED:]
    fits = len(pairs) % 4 == 0 and int.from_bytes(data[35:_FIXED]) == len(pairs)
    return (
        fits
        and data[1:3] == _KEM
        and _CIPHER in (pairs[at : at + 4] for at in range(0, len(pairs), 4))
    )
