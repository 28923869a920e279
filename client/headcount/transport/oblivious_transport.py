"""The transport through a relay (RFC 9458): the relay sees who sends, the server sees what.

It needs the extra `headcount[oblivious]`. Nothing here opens a connection to the server, so
whatever goes wrong, nothing is sent directly.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from headcount.transport import binary_http
from headcount.transport.encapsulation import Sealed
from headcount.transport.endpoint import Endpoint
from headcount.transport.http_transport import PROTO, HttpTransport, read
from headcount.transport.messages import Answer
from headcount.transport.oblivious_key import ObliviousKey

if TYPE_CHECKING:
    from headcount.model.deadline import Deadline

_REQUEST, _RESPONSE = "message/ohttp-req", "message/ohttp-res"
_OK = 200
_CODES = {429: "RESOURCE_EXHAUSTED"}


class ObliviousTransport(HttpTransport):
    """A transport through a relay to the server of an endpoint, sealed to the project's key."""

    def __init__(
        self,
        endpoint: str,
        *,
        relay: str,
        oblivious_key: str,
        allow_plaintext: bool = False,
        root_certificates: bytes | None = None,
    ) -> None:
        super().__init__(
            relay, allow_plaintext=allow_plaintext, root_certificates=root_certificates
        )
        self._key = ObliviousKey.parse(oblivious_key)
        server = Endpoint.parse(endpoint, allow_plaintext=True)  # it goes there sealed
        self._scheme = "https" if server.encrypted else "http"
        self._authority, self._path = server.target, server.path

    def _asked(self, method: str, body: bytes, deadline: Deadline) -> tuple[Answer, bytes]:
        target = (self._scheme, self._authority, f"{self._path}{method}")
        try:
            inner = binary_http.padded("POST", target, [("content-type", PROTO)], body)
        except ValueError as error:
            return Answer(code="OUT_OF_RANGE", message=f"{error}"), b""
        sealed = Sealed(self._key, inner, os.urandom(32))
        told = self._posted("", sealed.data, {"Content-Type": _REQUEST}, deadline)
        if told.status != _OK or told.kind != _RESPONSE:
            # Anybody on the way could have said so, so the report is not given up for it.
            message = f"HTTP {told.status} {told.reason} of the relay, and no sealed response"
            return Answer(code=_CODES.get(told.status, "UNAVAILABLE"), message=message), b""
        try:
            response = binary_http.parse(sealed.opened(told.data))
        except ValueError as error:
            return Answer(code="UNAVAILABLE", message=f"{error}"), b""
        return read(response.status, "", response.fields, response.content)
