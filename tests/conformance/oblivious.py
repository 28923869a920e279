"""Reports through a relay: the RFCs' own examples, and cases of an HPKE written out for them."""

from __future__ import annotations

from base64 import b64encode

from conformance.cases import Source
from support import hpke_client
from support import oblivious_vectors as rfc

OBLIVIOUS = Source(
    "oblivious",
    "A project that declares a relay sends binary HTTP (RFC 9292), padded with zeros to 1, 4, 16"
    " or 64 KiB and sealed (RFC 9458) to the key configuration that its declaration pins, in"
    " base64, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20Poly1305. Bytes are in"
    " hexadecimal.",
    {
        "hpke": "given public key, ephemeral private key, info, aad and plain text of RFC 9180:"
        " the encapsulated key and the sealed text of a base mode's first message",
        "binary_request": "given method, scheme, authority, path, fields (pairs) and content:"
        " the padded request, in the shortest form of known length",
        "binary_response": "given the bytes of a binary response, maybe padded: status and content"
        " of the final response, or null if there is none",
        "oblivious_request": "given key, ephemeral private key and plain text: the sealed request",
        "oblivious_response": "given key, ephemeral private key, and the sealed response to a"
        " request that was sealed with them: the plain text, or null if it is not genuine",
        "oblivious_request_aes": "the same with AES-128-GCM, for clients that can use it",
        "oblivious_response_aes": "the same with AES-128-GCM, for clients that can use it",
    },
)
_KEY = b64encode(rfc.CONFIGURATION).decode()
_EXAMPLE = {"key": _KEY, "ephemeral": rfc.EPHEMERAL.hex()}


def _shortest(data: bytes) -> bytes:
    length = len(data)
    return (bytes([length]) if length < 64 else (length | 0x4000).to_bytes(2)) + data


def _binary(name: str, path: str, content: bytes, size: int, why: str) -> None:
    parts = ("POST", "https", "telemetry.example.org:443", path)
    fields = [["content-type", "application/json"]]
    section = b"".join(_shortest(text.encode()) for line in fields for text in line)
    data = b"\0" + b"".join(_shortest(part.encode()) for part in parts)
    data += _shortest(section) + _shortest(content)
    given = dict(zip(("method", "scheme", "authority", "path"), parts, strict=True))
    OBLIVIOUS.add(
        name,
        "binary_request",
        {**given, "fields": fields, "content": content.hex()},
        {"data": data.ljust(size, b"\0").hex()},
        why,
    )


OBLIVIOUS.add(
    "rfc-9180",
    "hpke",
    {
        "public": rfc.HPKE_PUBLIC.hex(),
        "ephemeral": rfc.HPKE_EPHEMERAL.hex(),
        "info": rfc.HPKE_INFO.hex(),
        "aad": rfc.HPKE_AAD.hex(),
        "plain": rfc.HPKE_PLAIN.hex(),
    },
    {"enc": rfc.HPKE_ENC.hex(), "sealed": rfc.HPKE_SEALED.hex()},
    "The example of RFC 9180, A.2.1.",
)
for _name, _data, _content, _why in (
    ("rfc-9292-interim", rfc.INTERIM_RESPONSE,
     b"Hello World! My content includes a trailing CRLF.\r\n",
     "The example of RFC 9292, 5.2, with two interim responses."),
    ("rfc-9292-chunked", rfc.CHUNKED_RESPONSE, b"This content contains CRLF.\r\n",
     "The example of RFC 9292, 5.2, of known length, with a trailer."),
    ("rfc-9458-response", rfc.RESPONSE, b"", "The response of RFC 9458, A: nothing but a status."),
    ("padded-response", rfc.RESPONSE + bytes(1021), b"", "Zeros after a response are padding."),
):  # fmt: skip
    OBLIVIOUS.add(
        _name,
        "binary_response",
        {"data": _data.hex()},
        {"status": 200, "content": _content.hex()},
        _why,
    )
for _name, _data, _why in (
    ("no-response", b"", "No bytes are no response."),
    ("request-as-response", rfc.REQUEST, "A request is no response."),
    ("cut-response", rfc.CHUNKED_RESPONSE[:9], "It ends within its content."),
    ("odd-padding", rfc.RESPONSE + b"\0\0\0\1", "Only zeros are padding."),
):
    OBLIVIOUS.add(_name, "binary_response", {"data": _data.hex()}, None, _why)
_SUBMIT = "/headcount.v1.TelemetryService/SubmitReport"
_binary("small", _SUBMIT, b"{}", 1024, "A report has the smallest size.")
_binary("next-size", _SUBMIT, b"x" * 1000, 4096, "A size is the next one that holds everything.")
OBLIVIOUS.add(
    "rfc-9458-sealed",
    "oblivious_request_aes",
    {**_EXAMPLE, "plain": rfc.REQUEST.hex()},
    {"sealed": rfc.SEALED_REQUEST.hex()},
    "The request of RFC 9458, A.",
)
OBLIVIOUS.add(
    "rfc-9458-opened",
    "oblivious_response_aes",
    {**_EXAMPLE, "response": rfc.SEALED_RESPONSE.hex()},
    {"plain": rfc.RESPONSE.hex()},
    "The response of RFC 9458, A.",
)
for _name, _plain, _ephemeral in (
    ("empty", b"", bytes(range(32))),
    ("example", rfc.REQUEST, rfc.EPHEMERAL),
    ("padded", rfc.REQUEST.ljust(1024, b"\0"), bytes(range(100, 132))),
):
    _sealed = hpke_client.sealed(rfc.CONFIGURATION, _plain, _ephemeral)
    _given = {"key": _KEY, "ephemeral": _ephemeral.hex()}
    OBLIVIOUS.add(
        f"sealed-{_name}",
        "oblivious_request",
        {**_given, "plain": _plain.hex()},
        {"sealed": _sealed.data.hex()},
        "A request is sealed to the pinned key.",
    )
    _answer = _sealed.answered(b"the response", bytes(range(32)))
    OBLIVIOUS.add(
        f"opened-{_name}",
        "oblivious_response",
        {**_given, "response": _answer.hex()},
        {"plain": b"the response".hex()},
        "The response is opened with the context of its request.",
    )
    for _kind, _wrong in (("damaged", _answer[:-1] + b"\0"), ("cut", _answer[:40])):
        OBLIVIOUS.add(
            f"{_kind}-{_name}",
            "oblivious_response",
            {**_given, "response": _wrong.hex()},
            None,
            "What a relay altered is no response.",
        )
