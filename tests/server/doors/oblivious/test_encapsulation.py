"""The gateway's half of oblivious HTTP, by the examples of RFC 9458 and RFC 9180."""

from __future__ import annotations

import pytest
from headcount_server.doors.oblivious.encapsulation import Gateway, GatewayKey
from headcount_server.errors import WrongKey
from support import hpke_client
from support import oblivious_vectors as rfc

KEY = GatewayKey(1, rfc.PRIVATE)


def test_the_example_of_the_rfc_is_reproduced_to_the_byte() -> None:
    assert KEY.configuration == rfc.CONFIGURATION
    opened = Gateway([KEY]).opened(rfc.SEALED_REQUEST)
    assert opened.request == rfc.REQUEST
    assert opened.sealed(rfc.RESPONSE, lambda _: rfc.NONCE) == rfc.SEALED_RESPONSE


def test_the_tests_own_client_agrees_with_the_example_of_hpke() -> None:
    context = hpke_client.sender(rfc.HPKE_PUBLIC, rfc.HPKE_INFO, rfc.HPKE_EPHEMERAL)
    assert context.enc == rfc.HPKE_ENC
    assert context.seal(rfc.HPKE_PLAIN, rfc.HPKE_AAD) == rfc.HPKE_SEALED


def test_a_client_of_another_making_is_understood() -> None:
    sealed = hpke_client.sealed(rfc.CONFIGURATION, b"asked", bytes(range(32)))
    opened = Gateway([KEY]).opened(sealed.data)
    assert opened.request == b"asked"
    assert sealed.opened(opened.sealed(b"answered", bytes)) == b"answered"


def test_each_of_several_keys_opens_what_was_sealed_to_it() -> None:
    older = GatewayKey(7, bytes(range(32)))
    gateway = Gateway([KEY, older])
    for key in (KEY, older):
        sealed = hpke_client.sealed(key.configuration, b"asked", b"e" * 32)
        assert gateway.opened(sealed.data).request == b"asked"
    length = len(rfc.CONFIGURATION).to_bytes(2)
    assert gateway.announcement == length + rfc.CONFIGURATION + length + older.configuration


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        rfc.SEALED_REQUEST[:30],
        rfc.SEALED_REQUEST[:-1],
        b"\x02" + rfc.SEALED_REQUEST[1:],
        rfc.SEALED_REQUEST[:2] + b"\x10" + rfc.SEALED_REQUEST[3:],
        rfc.SEALED_REQUEST[:6] + b"\x02" + rfc.SEALED_REQUEST[7:],
        rfc.SEALED_REQUEST[:6] + b"\x03" + rfc.SEALED_REQUEST[7:],
        rfc.SEALED_REQUEST[:7] + bytes(32) + rfc.SEALED_REQUEST[39:],
        rfc.SEALED_REQUEST[:-1] + b"\0",
    ],
)
def test_a_damaged_or_foreign_request_is_not_opened(damaged: bytes) -> None:
    with pytest.raises(WrongKey):
        Gateway([KEY]).opened(damaged)
