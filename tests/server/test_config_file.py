"""A TOML file sets what flags and variables do not, and `init` writes one that works."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from headcount_server.cli import main
from headcount_server.commands.serve import serve
from support.server_process import BIN, THURSDAY, ServerProcess, fetch

NOTHING = dict.fromkeys(("HEADCOUNT_SERVER_REGISTRY", "HEADCOUNT_SERVER_DATABASE"))


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Path:
    return tmp_path / "server.toml"


def _show(config: Path, *arguments: str, **environment: str) -> Result:
    command = ["serve", "--config", str(config), "--show-config", *arguments]
    return CliRunner().invoke(main, command, env={**NOTHING, **environment})


def _shown(result: Result) -> dict[str, list[str]]:
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    return {name: [" ".join(value), origin] for name, *value, origin in lines}


def test_a_file_sets_each_kind_of_setting_relative_to_itself(config: Path) -> None:
    config.write_text(
        'registry = "registry.binpb"\ndatabase = "headcount.db"\nthreshold = 7\n'
        'grace-hours = 24\nallow-plaintext = true\ntrusted-proxy = ["127.0.0.1", "::1"]\n'
        'operator = "Example Society"\ncores = 2\n',
        encoding="utf-8",
    )
    shown = _shown(_show(config))
    assert shown["registry"] == [str(config.parent / "registry.binpb"), str(config)]
    assert shown["database"] == [str(config.parent / "headcount.db"), str(config)]
    assert [shown[name][0] for name in ("threshold", "grace-hours", "cores")] == ["7", "24.0", "2"]
    assert shown["allow-plaintext"] == ["true", str(config)]
    assert shown["trusted-proxy"][0] == "127.0.0.1 ::1"
    assert shown["operator"][0] == "Example Society"
    assert shown["public"] == ["127.0.0.1:8080", "default"]


def test_a_variable_wins_over_the_file_and_a_flag_over_both(config: Path) -> None:
    config.write_text(
        'registry = "a"\ndatabase = "b"\nthreshold = 7\nlimit-burst = 10\n', encoding="utf-8"
    )
    variables = {
        f"HEADCOUNT_SERVER_{name}": value
        for name, value in {"THRESHOLD": "8", "LIMIT_BURST": "20"}.items()
    }
    shown = _shown(_show(config, "--threshold=9", **variables))
    assert shown["threshold"] == ["9", "--threshold"]
    assert shown["limit-burst"] == ["20", "HEADCOUNT_SERVER_LIMIT_BURST"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("treshold = 5", ", line 2: treshold: there is no such setting; did you mean threshold?"),
        ("grace_hours = 5", ", line 2: grace_hours: there is no such setting; did you mean grace-"),
        ("zzz = 5", ", line 2: zzz: there is no such setting; see headcount-server serve --help"),
        ("threshold = true", ", line 2: threshold: has to be a text or a number"),
        ("[threshold]\na = 1", ", line 2: threshold: has to be a text or a number"),
        ('threshold = "many"', ", line 2: threshold: 'many' is not a number from 1 to 1000"),
        ("allow-plaintext = 1", ", line 2: allow-plaintext: has to be true or false"),
        ('trusted-proxy = "::1"', ", line 2: trusted-proxy: has to be a list such as"),
        ('log-level = "loud"', ", line 2: log-level: 'loud' is not one of"),
        ('database = ":memory:"', "no file's name"),
        ("threshold = 0", "server.toml: threshold 0: outside 1 to 1000"),
        ("threshold = ", "server.toml: not TOML: Invalid value (at line 2, column 13)"),
        ('threshold = "\udcff"', "server.toml: not TOML: 'utf-8' codec"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(config: Path, line: str, said: str) -> None:
    written = f'registry = "a"\n{line}\n' + ('database = "b"\n' if "database" not in line else "")
    config.write_bytes(written.encode("utf-8", "surrogateescape"))
    if line.startswith("["):
        config.write_text(f'registry = "a"\n{line}\n', encoding="utf-8")
    result = _show(config)
    assert result.exit_code == 1
    assert said in result.output
    assert str(config) in result.output
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there_is_named(config: Path) -> None:
    result = _show(config)
    assert result.exit_code == 1
    assert f"Error: --config {config}: No such file or directory" in result.output


def test_other_commands_read_the_database_from_it_and_nothing_else(config: Path) -> None:
    config.write_text('database = "headcount.db"\nthreshold = "unread"\n', encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "--config", str(config)], env=NOTHING)
    assert result.exit_code == 1
    assert f"{config.parent / 'headcount.db'}: there is no such database" in result.output


def _init(directory: Path, registry: Path) -> Result:
    return CliRunner().invoke(main, ["init", str(directory), "--registry", str(registry)])


def test_init_writes_settings_with_which_the_commands_that_it_prints_work(
    tmp_path: Path, toy_registry: Path
) -> None:
    result = _init(tmp_path / "new", toy_registry)
    assert result.exit_code == 0, result.output
    config = tmp_path / "new" / "server.toml"
    printed = [line.split() for line in result.output.splitlines() if line.startswith("  ")]
    assert printed == [
        ["headcount-server", "serve", "--config", str(config)],
        ["curl", "http://127.0.0.1:8081/healthz"],
        ["headcount-server", "check", "--config", str(config)],
    ]
    # The ports are others, since those of the file may be taken here.
    own = config.with_name("registry.binpb")
    server = ServerProcess(own, config.parent, THURSDAY, (f"--config={config}",))
    server.start()
    try:
        assert fetch(f"http://{server.addresses['operations']}/healthz")
    finally:
        assert server.stop() == 0
    done = subprocess.run(
        [BIN / printed[2][0], *printed[2][1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "No table describes a report" in done.stdout


def test_init_explains_every_setting_as_the_help_does(tmp_path: Path, toy_registry: Path) -> None:
    _init(tmp_path, toy_registry)
    text = (tmp_path / "server.toml").read_text(encoding="utf-8")
    words = " ".join(text.replace("\n# ", " ").split())
    for option in serve.settings:
        if option.name != "test_clock":
            assert str(option.help) in words
    # Each line works once its comment sign is gone.
    lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
    found = tomllib.loads("\n".join(lines))
    named = {option.opts[0].removeprefix("--") for option in serve.settings}
    assert set(found) == named - {"test-clock"}
    assert (found["threshold"], found["allow-plaintext"]) == (5, False)


def test_init_overwrites_nothing_and_writes_nothing_for_a_registry_that_is_none(
    tmp_path: Path, toy_registry: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"no registry")
    result = _init(tmp_path / "new", broken)
    assert (result.exit_code, (tmp_path / "new").exists()) == (1, False)
    assert f"{broken}: " in result.output
    assert _init(tmp_path / "new", toy_registry).exit_code == 0
    config = tmp_path / "new" / "server.toml"
    config.write_text("mine", encoding="utf-8")
    result = _init(tmp_path / "new", toy_registry)
    assert (result.exit_code, config.read_text(encoding="utf-8")) == (1, "mine")
    assert f"Error: {config}: already there; edit it, or name another directory" in result.output
    result = _init(broken, toy_registry)
    assert result.exit_code == 1
    assert f"Error: {broken}" in result.output


def test_init_takes_a_registry_that_is_already_in_place(tmp_path: Path, toy_registry: Path) -> None:
    own = tmp_path / "registry.binpb"
    own.write_bytes(toy_registry.read_bytes())
    assert _init(tmp_path, own).exit_code == 0
    assert own.read_bytes() == toy_registry.read_bytes()
