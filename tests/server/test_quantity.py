"""A number with its noun."""

from __future__ import annotations

import pytest
from headcount_server.quantity import quantity


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [
        (0, "week", "0 weeks"),
        (1, "week", "1 week"),
        (2, "closed week", "2 closed weeks"),
        (1, "minute", "1 minute"),
    ],
)
def test_only_one_is_singular(number: int, noun: str, words: str) -> None:
    assert quantity(number, noun) == words
