"""The transport that an endpoint's scheme asks for, and the obstacles to using it here."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from headcount.model.errors import EndpointError
from headcount.transport.endpoint import Endpoint
from headcount.transport.trust import trusted

if TYPE_CHECKING:
    from headcount.transport.grpc_transport import GrpcTransport
    from headcount.transport.http_transport import HttpTransport
    from headcount.transport.oblivious_transport import ObliviousTransport


def opened(
    endpoint: str,
    *,
    relay: str = "",
    oblivious_key: str = "",
    allow_plaintext: bool = False,
    root_certificates: bytes | None = None,
) -> GrpcTransport | HttpTransport:
    """Return the transport to an endpoint; it connects at the first call.

    If there is a relay, it connects to the relay and to nothing else. Raises EndpointError if
    there is an obstacle.
    """
    if relay:
        return _relayed(
            endpoint,
            relay,
            oblivious_key,
            allow_plaintext=allow_plaintext,
            root_certificates=root_certificates,
        )
    if reason := _refusal(Endpoint.parse(endpoint, allow_plaintext=allow_plaintext).scheme):
        raise EndpointError(f"{endpoint} {reason}")
    if endpoint.strip().startswith("http"):
        from headcount.transport.http_transport import HttpTransport

        return HttpTransport(
            endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates
        )
    from headcount.transport.grpc_transport import GrpcTransport

    return GrpcTransport(
        endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates
    )


def _relayed(
    endpoint: str,
    relay: str,
    oblivious_key: str,
    *,
    allow_plaintext: bool,
    root_certificates: bytes | None,
) -> ObliviousTransport:
    if reason := _relay_obstacle(endpoint, relay, oblivious_key, allow_plaintext=allow_plaintext):
        raise EndpointError(reason)
    from headcount.transport.oblivious_transport import ObliviousTransport

    return ObliviousTransport(
        endpoint,
        relay=relay,
        oblivious_key=oblivious_key,
        allow_plaintext=allow_plaintext,
        root_certificates=root_certificates,
    )


def obstacle(
    endpoint: str,
    *,
    relay: str = "",
    oblivious_key: str = "",
    allow_plaintext: bool = False,
    root_certificates: bytes | None = None,
) -> str:
    """Return why nothing can be sent to an endpoint from this process, `""` if it can.

    This opens no connection, and imports neither gRPC nor HPKE.
    """
    try:
        place = Endpoint.parse(relay or endpoint, allow_plaintext=allow_plaintext)
        if place.encrypted:
            trusted(root_certificates)
        if relay:
            return _relay_obstacle(endpoint, relay, oblivious_key, allow_plaintext=allow_plaintext)
    except (EndpointError, OSError) as error:
        return str(error)
    reason = _refusal(place.scheme)
    return reason and f"{endpoint} {reason}"


def _relay_obstacle(endpoint: str, relay: str, oblivious_key: str, *, allow_plaintext: bool) -> str:
    """Return why nothing can be sent through a relay, `""` if it can. Raises EndpointError."""
    from headcount.transport.oblivious_key import ObliviousKey

    if Endpoint.parse(relay, allow_plaintext=allow_plaintext).scheme.startswith("grpc"):
        raise EndpointError(f"{relay} is no relay: write https://host[:port][/path]")
    Endpoint.parse(endpoint, allow_plaintext=True)
    ObliviousKey.parse(oblivious_key)
    never = "and nothing is sent without the relay"
    if find_spec("pyhpke") is None:
        return (
            f"the relay {relay} needs pyhpke, which is not installed: install "
            f"'headcount[oblivious]', {never}"
        )
    if _in_subinterpreter():
        return (
            f"the relay {relay} cannot be used in a sub-interpreter, {never}: use "
            f"send_in_background(), or run the program in the main interpreter"
        )
    return ""


def _refusal(scheme: str) -> str:
    """Return why a scheme cannot be used in this process, `""` if it can."""
    if not scheme.startswith("grpc"):
        return ""
    instead = f"http{scheme.removeprefix('grpc')}://"
    if find_spec("grpc") is None:
        return (
            f"needs grpcio, which is not installed: install 'headcount[grpc]', or "
            f"name an {instead} endpoint"
        )
    if _in_subinterpreter():
        return (
            f"cannot be used in a sub-interpreter, where gRPC hangs: name an {instead} "
            f"endpoint, use send_in_background(), or run the program in the main interpreter "
            f"(for Apache: WSGIApplicationGroup %{{GLOBAL}})"
        )
    return ""


def _in_subinterpreter() -> bool:
    """Return whether this is a sub-interpreter, as far as Python tells."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # Python 3.13 and later, and earlier ones
        if find_spec(name) is not None:
            known = import_module(name)
            return bool(_number(known.get_current()) != _number(known.get_main()))
    group: str = getattr(sys.modules.get("mod_wsgi"), "application_group", "")
    return bool(group)


def _number(found: Any) -> int:  # noqa: ANN401 - a number, an object of it, or a pair with it
    """Return an interpreter's number; newer Pythons return its origin with it."""
    return int(found[0] if isinstance(found, tuple) else found)
