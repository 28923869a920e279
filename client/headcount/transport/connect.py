"""The way that an endpoint's scheme asks for: gRPC, or HTTP/1.1."""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
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
        from headcount.transport.http_transport import HttpTransport  # noqa: PLC0415 - only to send

        return HttpTransport(
            endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates
        )
    from headcount.transport.grpc_transport import GrpcTransport  # noqa: PLC0415 - only to send

    return GrpcTransport(
        endpoint, allow_plaintext=allow_plaintext, root_certificates=root_certificates
    )
