"""Binary HTTP, by the examples of RFC 9292 and by what they leave out."""

from __future__ import annotations

import pytest
from headcount_server.doors.oblivious.binary_http import (
    BinaryRequest,
    BinaryResponse,
    padded,
    parse,
    size_of,
)
from headcount_server.errors import InvalidReport
from hypothesis import given
from hypothesis import strategies as st
from support import hpke_client
from support import oblivious_vectors as rfc

EXAMPLE = BinaryRequest("GET", "https", "", "/hello.txt", rfc.FIELDS)


def test_the_requests_of_the_rfc_are_read() -> None:
    assert parse(rfc.KNOWN_REQUEST) == parse(rfc.INDETERMINATE_REQUEST) == EXAMPLE
    assert parse(rfc.REQUEST) == BinaryRequest("GET", "https", "example.com", "/")


def test_what_the_rfc_lets_a_sender_leave_out_or_add_changes_nothing() -> None:
    for left_out in range(3):
        assert parse(rfc.KNOWN_REQUEST[: len(rfc.KNOWN_REQUEST) - left_out]) == EXAMPLE
    for left_out in range(13):
        end = len(rfc.INDETERMINATE_REQUEST) - left_out
        assert parse(rfc.INDETERMINATE_REQUEST[:end]) == EXAMPLE
    assert parse(rfc.KNOWN_REQUEST + bytes(900)) == EXAMPLE


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends too early"),
        (rfc.RESPONSE, "framing 1"),
        (rfc.KNOWN_REQUEST[:60], "ends too early"),
        (rfc.INDETERMINATE_REQUEST[:-13], "ends too early"),
        (rfc.KNOWN_REQUEST + b"\0\x01", "padding"),
        (rfc.REQUEST + b"\x04\x02:a\x00", "header"),
        (rfc.REQUEST + b"\x04\x01A\x01b", "header"),
        (rfc.REQUEST + b"\x05\x01a\x02\r\n", "header"),
        (rfc.REQUEST + b"\x04\x01a\xff\xff", "ends too early"),
    ],
)
def test_a_message_that_is_none_says_why(data: bytes, why: str) -> None:
    with pytest.raises(InvalidReport, match=why):
        parse(data)


@pytest.mark.slow
@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except InvalidReport:
        return


@pytest.mark.slow
@given(
    st.dictionaries(st.from_regex("[a-z-]{1,9}", fullmatch=True), st.text("abc ;=", max_size=9)),
    st.binary(max_size=3000),
)
def test_a_response_is_padded_to_a_size_and_says_the_same(
    fields: dict[str, str], content: bytes
) -> None:
    made = padded(BinaryResponse(200, tuple(fields.items()), content))
    assert len(made) in {1024, 4096}
    assert hpke_client.response(made) == (200, fields, content)


def test_sizes_are_few() -> None:
    sizes = {size_of(length) for length in range(0, 140_000, 7)}
    assert sizes == {1024, 4096, 16384, 65536, 131072, 196608}
