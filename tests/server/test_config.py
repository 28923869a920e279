"""What an operator sets is checked once, and a wrong value names its flag."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from headcount_server.cli import main
from headcount_server.config import Config
from headcount_server.doors.address import Address
from headcount_server.errors import ConfigError
from headcount_server.store.sqlite.database import SqliteDatabase

CONFIG: Callable[..., Config] = partial(
    Config, registry=Path("registry.binpb"), database=SqliteDatabase(Path("headcount.db"))
)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[::1]:0", "::1", 0),
    ],
)
def test_an_address_is_read_back_as_it_was_written(text: str, host: str, port: int) -> None:
    address = Address.parse("--public", text)
    assert (address.host, address.port) == (host, port)
    assert str(address) == text


@pytest.mark.parametrize(
    "text", ["", "8080", ":8080", "127.0.0.1:", "127.0.0.1:-1", "h:65536", "h:x", "h:8 0"]
)
def test_what_is_no_address_is_refused_by_the_name_of_its_flag(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--public .*HOST:PORT"):
        Address.parse("--public", text)


def test_localhost_is_the_one_address_that_all_doors_can_take() -> None:
    assert Address.parse("--grpc", "localhost:65535") == Address("127.0.0.1", 65535)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - that is the case
        ("::", False),
        ("192.0.2.1", False),
        ("example.org", False),
    ],
)
def test_only_an_address_of_this_machine_is_loopback(host: str, loopback: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Address(host, 80).is_loopback is loopback


@pytest.mark.parametrize("threshold", [0, -5, 1001])
def test_a_threshold_outside_its_range_is_refused(threshold: int) -> None:
    with pytest.raises(ConfigError, match=r"--threshold .*1 to 1000"):
        CONFIG(threshold=threshold)


@pytest.mark.parametrize("hours", [-1, 168, 1000])
def test_a_grace_of_a_week_or_less_than_nothing_is_refused(hours: int) -> None:
    with pytest.raises(ConfigError, match=r"--grace-hours .*0 to 167"):
        CONFIG(grace=timedelta(hours=hours))


def test_the_ends_of_the_ranges_are_allowed() -> None:
    assert CONFIG(threshold=1, grace=timedelta()).threshold == 1
    assert CONFIG(threshold=1000, grace=timedelta(hours=167.9)).threshold == 1000


def test_reports_cross_the_network_in_the_clear_only_where_the_operator_insists() -> None:
    everywhere = Address("0.0.0.0", 50051)  # noqa: S104 - that is the case
    with pytest.raises(ConfigError, match=r"--grpc .*--allow-plaintext"):
        CONFIG(grpc=everywhere)
    assert CONFIG(grpc=everywhere, allow_plaintext=True).grpc == everywhere


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--grpc", "nowhere"], "--grpc nowhere"),
        (["--public", f"127.0.0.1:{'1' * 5000}"], "--public 127.0.0.1:111"),
        (["--threshold", "0"], "--threshold 0"),
        (["--grace-hours", "-1"], "--grace-hours -1"),
        (["--grace-hours", "nan"], "--grace-hours nan"),
        (["--grace-hours", "inf"], "--grace-hours inf"),
        (["--grace-hours", "1e300"], "--grace-hours 1e+300"),
        (["--test-clock", "missing"], "--test-clock missing"),
        (["--test-clock", "missing", "--operations", "0.0.0.0:0"], "--test-clock is for tests"),
        ([], "missing.binpb"),
    ],
)
def test_the_command_ends_with_one_sentence_and_no_traceback(
    flags: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    required = ["serve", "--registry", "missing.binpb", "--database", "headcount.db"]
    try:
        result = CliRunner().invoke(main, [*required, *flags])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {said}")
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
