"""The address of a destination, in a form that shows no password."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from headcount_server.errors import ConfigError

_SHOWN = {
    *("ca_certs", "charset", "from", "host", "options", "passfile", "port", "service"),
    *("ssl_ca", "ssl_cert", "ssl_key", "sslcert", "sslkey", "sslmode", "sslrootcert"),
    *("to", "unix_socket"),
}
"""Options that may be shown; any other one may be a secret of some driver."""
_ADDRESSES = {"from", "to"}
_SECRET = ("key", "pass", "pwd", "secret", "token")
"""Parts of the names of options that may hold a password."""
_REMEDY = (
    "write SCHEME://USER@HOST/NAME, with the signs @ : / ? # & % of a name or password as "
    "%40 %3A %2F %3F %23 %26 %25"
)


@dataclass(frozen=True, slots=True)
class DestinationUrl:
    """A URL; its text has no password, and neither has its representation."""

    whole: str = field(repr=False)
    """The URL with its password."""
    parts: SplitResult = field(repr=False)

    @classmethod
    def parse(cls, flag: str, text: str) -> Self:
        """Return the destination of a URL.

        Raises ConfigError, which names the flag and repeats nothing of the URL.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            parts, port = None, None
        authority = parts.netloc if parts else ""
        if (
            parts is None
            or not parts.scheme
            or "://" not in text
            or not text.isprintable()
            or " " in text
            or port == 0
            or authority.count("@") > 1
            or "@" in parts.path
            or _has_stray_sign(parts.query)
            or parts.fragment
        ):
            raise ConfigError(f"{flag}: cannot be read as a URL; {_REMEDY}")
        return cls(text, parts)

    @property
    def scheme(self) -> str:
        """The part before `://`, in small letters."""
        return self.parts.scheme.lower()

    @property
    def user(self) -> str:
        """The name to log in with; empty if there is none."""
        return unquote(self.parts.username or "")

    @property
    def password(self) -> str:
        """The password or the shared key; empty if there is none."""
        return unquote(self.parts.password or "")

    @property
    def host(self) -> str:
        """The name or address of the machine."""
        return self.parts.hostname or ""

    @property
    def options(self) -> Mapping[str, Sequence[str]]:
        """What follows the question mark."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.parts.query, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    @property
    def has_secret(self) -> bool:
        """Whether it holds a password, or an option that may be one."""
        return bool(self.password or any(map(_is_secret, self.options)))

    def without_password(self, text: str) -> str:
        """Return a text, such as a driver's message, without any of the secrets."""
        hidden = [each for name, its in self.options.items() if _is_secret(name) for each in its]
        for secret in (self.password, self.parts.password or "", *hidden):
            if secret:
                text = text.replace(secret, "…")
        return text

    def __str__(self) -> str:
        port = "" if self.parts.port is None else f":{self.parts.port}"
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        shown = [(name, each) for name, its in self.options.items() for each in its]
        query = urlencode([pair for pair in shown if pair[0] in _SHOWN], safe="@/")
        mark = "?" if query else ""
        return f"{self.parts.scheme}://{user}{host}{port}{self.parts.path}{mark}{query}"


def _has_stray_sign(query: str) -> bool:
    """Return whether an @ stands where no address does, as if a password had a question mark."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return any("@" in name or ("@" in text and name not in _ADDRESSES) for name, text in pairs)


def _is_secret(option: str) -> bool:
    return option not in _SHOWN and any(part in option.lower() for part in _SECRET)


def refuse_secret(flag: str, url: DestinationUrl) -> None:
    """Raise ConfigError if a URL from the command line or the settings has a password.

    All users of a machine can read the command lines of its processes.
    """
    if url.has_secret:
        raise ConfigError(
            f"{flag} {url}: others can read a password there, in the list of processes for one; "
            "set the variable of the flag instead, or name a file with --credentials"
        )


def credentials(file: Path) -> Mapping[str, DestinationUrl]:
    """Return the URLs in a file, one a line, by their texts without passwords.

    Empty lines and lines that begin with # say nothing. Raises ConfigError, which names the
    line and repeats nothing of it.
    """
    flag = f"--credentials {file}"
    try:
        if file.stat().st_mode & stat.S_IROTH:
            raise ConfigError(f"{flag}: everybody can read it; take that right away: chmod o-r")
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(f"{flag}: {why}") from None
    found: dict[str, DestinationUrl] = {}
    for number, line in enumerate(map(str.strip, lines), 1):
        if line and not line.startswith("#"):
            url = DestinationUrl.parse(f"{flag}, line {number}", line)
            found[str(url)] = url
    return found
