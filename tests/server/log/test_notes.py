"""Notes and checkpoints have the form of C2SP, and only the right key opens them."""

from __future__ import annotations

from pathlib import Path

import pytest
from headcount_server.errors import ConfigError, LogError
from headcount_server.log.notes import Checkpoint, SigningKey, VerifierKey
from support.toy_weeks import command

# Of the documentation of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann \
x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""


def test_a_note_that_another_program_signed_is_opened() -> None:
    key = VerifierKey.parse(PETER)
    assert str(key) == PETER
    assert key.open(NOTE) == NOTE.rpartition("\n\n")[0] + "\n"


def test_signatures_by_others_are_passed_over() -> None:
    others = NOTE.replace("\n— Peter", "\n— EnochRoot af4zACDFf\n— Peter")
    assert VerifierKey.parse(PETER).open(others)


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (NOTE.replace("your", "my", 1), "the signature by PeterNeumann is wrong"),
        (NOTE.replace("x08go/ZJ", "x08go/ZK"), "the signature by PeterNeumann is wrong"),
        (NOTE.replace("— Peter", "- Peter"), "not signed by PeterNeumann"),
        (NOTE.rpartition("— ")[0], "not signed by PeterNeumann"),
        ("", "not signed by PeterNeumann"),
    ],
)
def test_what_the_key_did_not_sign_is_told(note: str, told: str) -> None:
    with pytest.raises(LogError, match=told):
        VerifierKey.parse(PETER).open(note)


@pytest.mark.parametrize("text", ["", "x", PETER[:-1], PETER.replace("c74f", "c74e"), "a+b+c"])
def test_a_malformed_key_is_told(text: str) -> None:
    with pytest.raises(LogError, match="no verifier key"):
        VerifierKey.parse(text)


def test_a_checkpoint_is_signed_and_read_again() -> None:
    key = SigningKey.generate("stats.example.org")
    head = Checkpoint("stats.example.org/1", 12, bytes(range(32)))
    note = key.sign(str(head))
    origin, size, root, blank, signature = note.splitlines()
    assert (origin, size, blank) == ("stats.example.org/1", "12", "")
    assert root == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert signature.startswith("— stats.example.org ")
    assert Checkpoint.parse(key.verifier.open(note)) == head
    with pytest.raises(LogError, match="not signed by"):
        SigningKey.generate("stats.example.org").verifier.open(note)


@pytest.mark.parametrize("text", ["a\nb\nc\n", "a\n-1\nAAAA\n", "\n1\nAAAA\n", "a\n"])
def test_a_malformed_checkpoint_is_told(text: str) -> None:
    with pytest.raises(LogError, match="no checkpoint"):
        Checkpoint.parse(text)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "log.key"
    made = command("log", "key", "--name", "stats.example.org", file)
    assert made.exit_code == 0, made.output
    assert file.stat().st_mode & 0o777 == 0o600
    key = SigningKey.read(file)
    assert str(key.verifier) in made.output
    assert key.verifier.fingerprint in made.output
    assert file.read_text(encoding="ascii").split("+", 4)[4].strip() not in made.output
    again = command("log", "key", "--name", "other", file)
    assert again.exit_code == 1
    assert again.output == f"Error: {file}: File exists; name a new file\n"
    assert "without blanks" in command("log", "key", "--name", "a b", tmp_path / "no").output


@pytest.mark.parametrize("text", ["", "nothing", "PRIVATE+KEY+a+00000000+AAAA", None])
def test_a_file_without_a_key_is_told(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "log.key"
    if text is not None:
        file.write_text(text, encoding="ascii")
    with pytest.raises(ConfigError, match=f"--log-key {file}: "):
        SigningKey.read(file)
