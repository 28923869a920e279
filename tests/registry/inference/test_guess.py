"""The rule by which samples choose a type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from headcount_registry.errors import SourceError
from headcount_registry.inference.guess import Guess, guess
from headcount_registry.inference.payloads import Payloads, snake


def guessed(*answers: Any) -> Guess:
    payloads = Payloads()
    for answer in answers:
        payloads.add(json.dumps({"k": answer}), "p.json")
    return guess(payloads.keys["", "k"])


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("boolean", (True, False)),
        ("boolean", ("Yes", "No", "")),
        ("boolean", (0, 1, 1)),
        ("boolean", ("1", "0")),
        ("boolean", ("Enabled",)),
        ("count", (0, 12, 1200)),
        ("count", ("7", "12")),
        ("version", ("8.1.27", "8.2.0-dev", "v9.0")),
        ("version", ("1.x-1.2.3", "1.x-1.x")),
        ("version", ("10.3.38-MariaDB-1:10.3.38+maria~ubu2004",)),
        ("version", (8.1, 8.2)),
        ("product", ("Apache/2.4.57", "nginx 1.24")),
        ("choice", ("Linux", "WINNT", "Darwin")),
        ("choice", ("Linux",) * 30 + ("Windows 10",) * 2),
        ("list", (["views"], [])),
        ("list", ([1, 2], [3])),
        ("text", tuple(f"motto {place}" for place in range(30))),
        (None, (1.5, -2)),
        (None, ([1], "a")),
        (None, ([[1]],)),
        (None, ("", "")),
        (None, ({"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},)),
    ],
)
def test_a_type_is_chosen_from_all_answers(kind: str | None, answers: tuple[Any, ...]) -> None:
    if isinstance(answers[0], dict):
        payloads = Payloads()
        payloads.add(json.dumps({"x": 1, "k": answers[0]}), "p.json")
        (found,) = [guess(each) for (_, name), each in payloads.keys.items() if name != "x"]
    else:
        found = guessed(*answers)
    assert found.type == kind
    assert found.reason


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ("somebody@toymakers.org", "an e-mail address"),
        ("https://toymakers.org/shop", "an address on the web"),
        ("www.toymakers.org", "a host name"),
        ("192.168.17.4", "an address of a machine"),
        ("/var/www/site", "a path"),
        ("C:\\Sites\\shop", "a path"),
        ("0f3a9b2c4d5e6f708192a3b4c5d6e7f8", "an identifier"),
    ],
)
def test_answers_that_look_personal_are_never_repeated(answer: str, what: str) -> None:
    alone = guessed(answer, answer)
    assert (alone.type, not alone.values) == (None, True)
    assert what in alone.warnings[0]
    among = guessed("Linux", "Linux", "Windows", answer)
    assert answer not in repr(among)
    assert among.type == "choice"
    assert what in among.warnings[0]
    members = guessed(["views", "token", answer])
    assert answer not in repr(members)
    assert set(members.values) == {"views", "token"}


def test_free_text_is_warned_of() -> None:
    (warning,) = guessed(*(f"motto {place}" for place in range(30))).warnings
    assert warning.startswith("30 different texts in 30 answers: free text can name somebody")


@pytest.mark.parametrize(
    ("answers", "bounds"),
    [((0, 3), (2, 5)), ((4, 10), (10,)), ((5, 12345), (10, 100, 1000, 10000))],
)
def test_the_bounds_of_a_count_are_powers_of_ten_up_to_the_largest(
    answers: tuple[int, ...], bounds: tuple[int, ...]
) -> None:
    assert guessed(*answers).buckets == bounds


@pytest.mark.parametrize(
    ("text", "count", "keys"),
    [
        ('{"a": 1}', 1, {("", "a")}),
        ('[{"a": 1}, {"b": 2}]', 2, {("", "a"), ("", "b")}),
        ('{"a": 1}\n\n{"phpVersion": "8.1"}\n', 2, {("", "a"), ("", "php_version")}),
        ('{\n "shop": {"a": 1},\n "bee": {"b": 2}\n}', 1, {("shop", "a"), ("bee", "b")}),
        ('{"x": 1, "os": {"name": "Linux", "arch": "arm"}}', 1, {
            *(("", "x"), ("", "os_name"), ("", "os_arch")),
        }),
        ('{"multisite": {"value": true}, "mods": {"values": ["VALUE_A"]}}', 1, {
            *(("", "multisite"), ("", "mods")),
        }),
    ],
)  # fmt: skip
def test_payloads_are_read_in_all_their_forms(
    text: str, count: int, keys: set[tuple[str, str]]
) -> None:
    payloads = Payloads()
    payloads.add(text, "p.json")
    assert (payloads.count, set(payloads.keys)) == (count, keys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "p.json:1:1: no JSON"),
        ("{", "p.json:1:2: no JSON"),
        ('{"a": 1}\n{"a": \n{"a": 2}', "p.json:2:7: no JSON"),
        ('{\n"a": 1,\n}', "p.json:3:1: no JSON"),
        ('{"a": NaN}', "p.json:1: no JSON: NaN is no number of JSON"),
        ("[1]", "p.json:1: is no object"),
        ('"a"', "p.json:1: is no object"),
        ("[" * 100_000, "p.json: is nested too deeply"),
        ('{"a": 1' + "0" * 5000 + "}", "p.json:1: no JSON"),
    ],
)
def test_what_is_no_payload_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        Payloads().add(text, "p.json")
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("phpVersion", "php_version"),
        ("ckeditor5Version", "ckeditor5_version"),
        ("PHP-OS", "php_os"),
    ],
)
def test_names_are_put_in_the_form_of_keys(name: str, expected: str) -> None:
    assert snake(name) == expected
