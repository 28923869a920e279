"""The way that an endpoint's scheme asks for: gRPC, or HTTP/1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headcount.transport.grpc_transport import GrpcTransport
    from headcount.transport.http_transport import HttpTransport


def opened(
    endpoint: str, *, allow_plaintext: bool = False, root_certificates: bytes | None = None
) -> GrpcTransport | HttpTransport:
    """The transport to an endpoint; it connects when something is sent.

    EndpointError where the endpoint cannot be used.
    """
    if endpoint.strip().startswith("http"):
        from headcount.transport.http_transport import HttpTransport

        return HttpTransport(
            endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates
        )
    from headcount.transport.grpc_transport import GrpcTransport

    return GrpcTransport(
        endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates
    )
