"""Replicas that share a secret count as one, and what is no secret is refused."""

from __future__ import annotations

import os
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from headcount import Outcome
from headcount.cli.main import main
from headcount.model.errors import StateError
from headcount.storage.shared_secret import shared_key
from headcount.storage.state_directory import SHARED
from headcount.transport.messages import Answer
from support.sample_project import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.sample_project import Host

CHANCE = bytes(range(100, 132))


@pytest.fixture(name="secret")
def _secret(tmp_path: Path) -> Path:
    path = tmp_path / "shared"
    path.write_bytes(CHANCE)
    path.chmod(0o400)
    return path


def _sent(site: Host) -> bytes:
    site.client.grant()
    assert site.client.send_now() == Outcome.SENT
    return site.transport.requests[-1].token


@pytest.mark.slow
def test_replicas_of_one_secret_have_one_token_a_week(
    host: Callable[..., Host], secret: Path, tmp_path: Path
) -> None:
    shared = {SHARED: str(secret)}
    tokens = {_sent(host(tmp_path / name, environment=shared)) for name in ("a", "b", "c")}
    assert len(tokens) == 1
    assert _sent(host(tmp_path / "d")) not in tokens
    assert not (tmp_path / "a" / "sample" / "secret").exists()


def test_a_server_that_names_weeks_gets_the_token_of_the_own_week_alone(
    host: Callable[..., Host], secret: Path, tmp_path: Path
) -> None:
    named = [
        Answer(code="FAILED_PRECONDITION", open_weeks=(f"2026-W{week}",)) for week in range(48, 53)
    ]
    tokens = set()
    for name in ("a", "b", "c"):
        site = host(tmp_path / name, environment={SHARED: str(secret)}, transport=Recorder(*named))
        site.client.grant()
        site.client.send_now()
        assert {request.week for request in site.transport.requests} == {"2026-W47"}
        tokens |= {request.token for request in site.transport.requests}
    assert len(tokens) == 1


def test_a_secret_has_another_key_for_each_project(secret: Path) -> None:
    keys = {shared_key(str(secret), project) for project in ("acme", "bee")}
    assert len(keys) == 2
    assert {len(key) for key in keys} == {32}
    assert CHANCE not in keys


def test_a_line_end_makes_no_difference(tmp_path: Path) -> None:
    for name, end in (("a", b""), ("b", b"\n")):
        path = tmp_path / name
        path.write_bytes(b64encode(CHANCE) + end)
        path.chmod(0o440)  # as Kubernetes gives it to a group
    assert shared_key(str(tmp_path / "a"), "p") == shared_key(str(tmp_path / "b"), "p")


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (CHANCE, 0o444, "others can read or change it"),
        (CHANCE, 0o460, "others can read or change it"),
        (CHANCE[:31], 0o400, "at least 32 random bytes"),
        (b"a" * 64, 0o400, "at least 32 random bytes"),
        (b"", 0o400, "at least 32 random bytes"),
        (b" " * 40 + CHANCE[:31] + b"\n" * 40, 0o400, "at least 32 random bytes"),
    ],
)
def test_what_is_no_secret_is_refused_with_the_remedy(  # noqa: PLR0913 - two fixtures and a case
    host: Callable[..., Host],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    mode: int,
    said: str,
) -> None:
    path = tmp_path / "shared"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(StateError, match=said):
        shared_key(str(path), "sample")
    site = host(environment={SHARED: str(path)}, endpoint="http://127.0.0.1:1")
    assert said in site.client.obstacle()
    main(site.client, ["status"])
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_secret_that_is_refused_sends_nothing(host: Callable[..., Host], tmp_path: Path) -> None:
    site = host()
    site.client.grant()
    path = tmp_path / "shared"
    path.write_bytes(CHANCE)
    path.chmod(0o644)
    site = host(environment={SHARED: str(path)})
    site.until_due()
    outcome = site.client.send_if_due()
    assert outcome == Outcome.LATER
    assert "others can read or change it" in outcome.message
    assert not site.transport.requests


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe"])
def test_a_place_without_a_file_is_named_and_holds_nobody_up(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "shared"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(StateError, match=rf"{path}: .*{SHARED} names it"):
        shared_key(str(path), "sample")


def test_status_says_that_the_first_report_wins(
    host: Callable[..., Host], secret: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(host(environment={SHARED: str(secret)}).client, ["status"])
    printed = " ".join(capsys.readouterr().out.split())
    assert f"all that share {secret} count as one, and the first report of a week wins" in printed
