"""The endpoint of a project: an address, its encryption, and its protocol.

```
grpcs://host[:443]         gRPC over TLS
grpc://host[:80]           gRPC, plaintext
https://host[:443][/path]  the same call over HTTP/1.1 and TLS
http://host[:80][/path]    the same call over HTTP/1.1, plaintext
```
"""

from __future__ import annotations

from headcount.model.errors import EndpointError
from headcount.model.frozen import Frozen

PORTS = {"grpcs": 443, "grpc": 80, "https": 443, "http": 80}
"""The default port of each scheme."""

_HOW = (
    "write grpcs://host[:port] or https://host[:port], or grpc://localhost:port on the same machine"
)
_HIGHEST_PORT = 65_535
_MASK = 4  # numbers in an IPv4 address


class Endpoint(Frozen):
    """An address for reports. `host` has no brackets, and `path` no trailing slash."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, text: str, *, allow_plaintext: bool = False) -> Endpoint:
        """Return the endpoint that a text such as `grpcs://telemetry.example.org` names.

        Raises EndpointError for anything else, and for plaintext beyond the loopback
        unless `allow_plaintext` is set.
        """
        scheme, mark, place = text.strip().partition("://")
        if not mark or scheme not in PORTS:
            raise EndpointError(f"{text!r} is not an endpoint that reports can go to; {_HOW}")
        place, _, path = place.partition("/")
        host, port = _host_and_port(place, str(PORTS[scheme]))
        bare = host.removeprefix("[").removesuffix("]")
        if not bare or not _is_port(port) or any(c in place for c in "?#@ "):
            raise EndpointError(f"{text!r} names no host and port; {_HOW}")
        if path.strip("/") and (scheme.startswith("grpc") or not _is_path(path)):
            raise EndpointError(f"{text!r} has a path that cannot be used; {_HOW}")
        endpoint = cls(
            scheme=scheme, host=bare, port=int(port), path=f"/{path.strip('/')}".rstrip("/")
        )
        if not (endpoint.encrypted or endpoint.on_loopback or allow_plaintext):
            raise EndpointError(
                f"{text!r} would send reports unencrypted beyond this machine; write "
                f"{scheme}s://{place}, or pass allow_plaintext=True if that is meant"
            )
        return endpoint

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.scheme.endswith("s")

    @property
    def target(self) -> str:
        """Host and port as `host:port`, with an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether reports to it stay on this machine."""
        if self.host in {"localhost", "::1"}:
            return True
        parts = self.host.split(".")
        return parts[0] == "127" and len(parts) == _MASK and all(part.isdecimal() for part in parts)

    @property
    def proxy(self) -> str:
        """The proxy to use, as `http://[user:password@]host:port`, `""` if there is none.

        The variables of `urllib.request` name it (`https_proxy`, `no_proxy`, …); for
        gRPC, `grpc_proxy` takes precedence. The loopback uses no proxy, because a
        plaintext report would leave the machine through one.
        """
        from urllib.request import getproxies, proxy_bypass

        if self.on_loopback or proxy_bypass(self.target) or proxy_bypass(self.host):
            return ""
        found = getproxies()
        own = found.get("grpc", "") if self.scheme.startswith("grpc") else ""
        kind = "https" if self.encrypted else "http"
        place = own or found.get(kind, "") or found.get("all", "")
        if place and "://" not in place:
            place = f"http://{place}"
        return place


def checked(endpoint: str, relay: str, *, allow_plaintext: bool) -> None:
    """Raise EndpointError if a host may not name this endpoint in place of the project's."""
    if relay:
        raise EndpointError(
            f"endpoint={endpoint!r}: this project sends through the relay {relay} alone, which "
            f"no endpoint may replace; generate the package anew with --endpoint for a server of "
            f"your own"
        )
    Endpoint.parse(endpoint, allow_plaintext=allow_plaintext)


def _host_and_port(place: str, usual: str) -> tuple[str, str]:
    if place.startswith("["):  # IPv6 in brackets
        host, _, rest = place.partition("]")
        return f"{host}]", rest.removeprefix(":") if rest else usual
    host, mark, port = place.partition(":")
    return host, port if mark else usual


def _is_port(port: str) -> bool:
    return port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT


def _is_path(path: str) -> bool:
    return path.isascii() and path.isprintable() and not any(c in path for c in "?#@ ")
