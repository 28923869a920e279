"""Tokens: what they are made from. The cases in which none may be made are in histories.py."""

from __future__ import annotations

import hashlib
import hmac

from conformance.cases import Source

TOKENS = Source(
    "tokens",
    "The token of a week is the first 16 bytes of HMAC-SHA256 with the installation's secret (32"
    ' random bytes, made at consent) over the text "PROJECT:WEEK" in UTF-8.',
    {"token": "given secret (hexadecimal), project and week: the token in hexadecimal"},
)


def token(secret: str, project: str, week: str) -> str:
    digest = hmac.new(bytes.fromhex(secret), f"{project}:{week}".encode(), hashlib.sha256)
    return digest.digest()[:16].hex()


_COUNTED = bytes(range(32)).hex()
for _name, _secret, _project, _week, _why in (
    ("plain", _COUNTED, "bee", "2026-W47", "The plain case."),
    ("next-week", _COUNTED, "bee", "2026-W48", "Another week has a token that shows no kinship."),
    ("other-project", _COUNTED, "backdrop", "2026-W47", "Projects of one host cannot be linked."),
    ("other-secret", "ff" * 32, "bee", "2026-W47", "Another installation has another token."),
    ("zeros", "00" * 32, "bee", "2026-W47", "A secret is bytes: zeros do not end it."),
    ("week-53", _COUNTED, "bee", "2026-W53", "The longest year."),
    ("long-name", _COUNTED, "a" * 40, "2026-W47", "A project's name has up to 40 characters."),
    ("underscores", _COUNTED, "signup_sheet_2", "2026-W47", "The name is taken as it is."),
):
    TOKENS.add(
        _name,
        "token",
        {"secret": _secret, "project": _project, "week": _week},
        {"token": token(_secret, _project, _week)},
        _why,
    )
