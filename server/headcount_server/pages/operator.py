"""The operator of this server, as the pages present it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headcount_server.errors import ConfigError
from headcount_server.pages.language import ENGLISH, language

_LINK = re.compile(r"(?:https?://|mailto:)[^\s]+", re.ASCII | re.IGNORECASE)

_SPDX = re.compile(r"[A-Za-z0-9.+-]+")
_ROOT = re.compile(r"https?://[^\s?#]+/", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Operator:
    """The person or body that runs this server; empty texts are not shown."""

    name: str = ""
    contact: str = ""
    """Address to reach the operator: `https://…` or `mailto:…`."""
    imprint: str = ""
    """Address of a page that says more about the operator."""
    licence: str = ""
    """Licence of the data: an address, a name of SPDX, or nothing."""
    site: str = ""
    """Whole address of the first page, with a slash at its end, for links from elsewhere."""
    languages: tuple[str, ...] = (ENGLISH.tag,)
    """Tags of the languages that pages are in; the first one has the plain addresses."""

    def __post_init__(self) -> None:
        for tag in self.languages:
            language(tag)
        if len(set(self.languages)) != len(self.languages) or not self.languages:
            msg = f"--languages {','.join(self.languages)}: name one or more, each once"
            raise ConfigError(msg)
        for flag, address in (
            ("--operator-contact", self.contact),
            ("--operator-imprint", self.imprint),
        ):
            if address and not link(address):
                msg = f"{flag} {address}: give an address that begins with https:// or mailto:"
                raise ConfigError(msg)
        if self.licence and not (link(self.licence) or _SPDX.fullmatch(self.licence)):
            msg = (
                f"--data-licence {self.licence}: give a name of SPDX such as CC0-1.0, or https://…"
            )
            raise ConfigError(msg)
        if self.site and not _ROOT.fullmatch(self.site):
            msg = (
                f"--site-address {self.site}: give the address of the first page, such as "
                "https://telemetry.example.org/, with a slash at its end"
            )
            raise ConfigError(msg)


def link(address: str) -> str:
    """Return an address that is safe as a link; empty for anything else, such as a script."""
    return address if _LINK.fullmatch(address) else ""
