"""The operator sets the server by flags and by variables, and can see which is in force."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from headcount_server.cli import main
from headcount_server.commands.serve import serve
from support.server_process import BIN

REQUIRED = {
    "HEADCOUNT_SERVER_REGISTRY": "registry.binpb",
    "HEADCOUNT_SERVER_DATABASE": "headcount.db",
}


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["serve", *arguments], env={**REQUIRED, **environment})


def _shown(result: Result) -> dict[str, list[str]]:
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    return {name: [" ".join(value), origin] for name, *value, origin in lines}


def test_every_setting_is_shown_with_where_it_came_from() -> None:
    shown = _shown(_run("--show-config", "--threshold=7", HEADCOUNT_SERVER_GRACE_HOURS="24"))
    assert shown["threshold"] == ["7", "--threshold"]
    assert shown["grace-hours"] == ["24.0", "HEADCOUNT_SERVER_GRACE_HOURS"]
    assert shown["registry"] == ["registry.binpb", "HEADCOUNT_SERVER_REGISTRY"]
    assert shown["public"] == ["127.0.0.1:8080", "default"]
    flags = {option.opts[0].removeprefix("--") for option in serve.params}
    assert set(shown) == flags - {"show-config", "config"}


def test_what_is_missing_is_shown_as_missing_and_what_is_wrong_is_told_below() -> None:
    nothing = dict.fromkeys(REQUIRED)
    result = CliRunner().invoke(main, ["serve", "--show-config", "--threshold=7"], env=nothing)
    shown = _shown(result)
    assert shown["registry"] == ["-", "missing"]
    assert shown["database"] == ["-", "missing"]
    assert shown["threshold"] == ["7", "--threshold"]
    started = CliRunner().invoke(main, ["serve"], env=nothing)
    assert (started.exit_code, "Missing option '--registry'" in started.output) == (2, True)
    wrong = _run("--show-config", "--threshold=0")
    assert wrong.exit_code == 1
    assert "threshold " in wrong.output
    assert wrong.output.endswith("Error: --threshold 0: outside 1 to 1000\n")


def test_a_flag_wins_over_its_variable() -> None:
    shown = _shown(_run("--show-config", "--threshold=7", HEADCOUNT_SERVER_THRESHOLD="9"))
    assert shown["threshold"] == ["7", "--threshold"]


def test_every_flag_has_a_variable_that_its_help_names() -> None:
    text = " ".join(_run("--help").output.split())
    for option in serve.params:
        if option.name != "show_config":
            assert f"HEADCOUNT_SERVER_{(option.name or '').upper()}" in text


@pytest.mark.slow
def test_a_real_process_takes_its_settings_from_the_environment(toy_registry: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HEADCOUNT_SERVER_REGISTRY": str(toy_registry),
        "HEADCOUNT_SERVER_DATABASE": "x.db",
        "HEADCOUNT_SERVER_ALLOW_PLAINTEXT": "true",
        "HEADCOUNT_SERVER_GRPC": "0.0.0.0:50051",
    }
    done = subprocess.run(
        [BIN / "headcount-server", "serve", "--show-config"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "HEADCOUNT_SERVER_GRPC\n" in done.stdout
    assert not Path("x.db").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("THRESHOLD", "0", "Error: HEADCOUNT_SERVER_THRESHOLD 0: outside 1 to 1000"),
        ("GRACE_HOURS", "200", "Error: HEADCOUNT_SERVER_GRACE_HOURS 200: outside 0 to 167"),
        ("GRPC", "nonsense", "Error: HEADCOUNT_SERVER_GRPC nonsense: not an address; write"),
        ("THRESHOLD", "many", "HEADCOUNT_SERVER_THRESHOLD"),
        ("LOG_LEVEL", "loud", "HEADCOUNT_SERVER_LOG_LEVEL"),
    ],
)
def test_a_wrong_value_of_a_variable_names_the_variable(name: str, value: str, said: str) -> None:
    result = _run(**{f"HEADCOUNT_SERVER_{name}": value})
    assert result.exit_code
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("flag", "allowed"),
    [
        ("--threshold=many", "'many' is not a number from 1 to 1000"),
        ("--grace-hours=long", "'long' is not a number from 0 to 167"),
        ("--cores=0", "'0' is neither 'all' nor a number from 1 to 4096"),
        ("--cores=many", "'many' is neither 'all' nor a number from 1 to 4096"),
        ("--log-level=loud", "'debug', 'info', 'warning', 'error'"),
    ],
)
def test_a_wrong_value_names_the_flag_and_what_is_allowed(flag: str, allowed: str) -> None:
    result = _run(flag)
    assert result.exit_code == 2
    assert f"Invalid value for '{flag.partition('=')[0]}'" in result.output
    assert allowed in result.output


def test_a_missing_setting_is_named_with_its_variable() -> None:
    result = CliRunner().invoke(main, ["serve"], env=dict.fromkeys(REQUIRED))
    assert result.exit_code == 2
    assert "Missing option '--registry' (env var: 'HEADCOUNT_SERVER_REGISTRY')" in result.output


@pytest.mark.parametrize("command", ["backup", "check", "statistics", "export", "annotate"])
def test_other_commands_take_the_database_and_nothing_risky_from_the_environment(
    command: str,
) -> None:
    text = CliRunner().invoke(main, [command, "--help"]).output
    variables = {word.strip(",;:[]") for word in text.split() if "HEADCOUNT_SERVER_" in word}
    assert "HEADCOUNT_SERVER_DATABASE" in variables
    assert variables <= {*REQUIRED, "HEADCOUNT_SERVER_CONFIG", "HEADCOUNT_SERVER_LOG_KEY"}
