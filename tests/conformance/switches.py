"""The switches that turn everything off, whatever the answer."""

from __future__ import annotations

from conformance.cases import Source

SWITCHES = Source(
    "switches",
    "Off wins over every answer, and the first rule that matches decides: the host's administrator,"
    " the machine's off file, the environment, then a build or test run. Nothing is collected,"
    " written or sent.",
    {
        "switches": "given environment (variables), administrator_off and off_file (what is at the"
        " path of the machine's off file: nothing, file, directory, dangling link, or below a file"
        " if a folder of the path is a file): rule, which is administrator, machine, environment"
        " or automated, or null if the answer decides",
        "off_file": "given system (linux, freebsd, macos or windows) and environment (variables):"
        " path, of the machine's off file",
    },
)


def _switch(
    name: str,
    environment: dict[str, str],
    rule: str | None,
    why: str,
    *,
    administrator: bool = False,
    off_file: str = "nothing",
) -> None:
    given = {
        "environment": environment,
        "administrator_off": administrator,
        "off_file": off_file,
    }
    SWITCHES.add(name, "switches", given, {"rule": rule}, why)


_switch("nothing-set", {}, None, "Nothing is off.")
_switch("unrelated", {"HOME": "/root", "TERM": "xterm"}, None, "Other variables say nothing.")
_switch(
    "administrator", {}, "administrator", "The host's administrator said no.", administrator=True
)
_switch(
    "administrator-first",
    {"HEADCOUNT_TELEMETRY": "on", "CI": "true"},
    "administrator",
    "An administrator's no is the first rule; on is no yes.",
    administrator=True,
)
for _value in ("1", "true", "yes", "TRUE", " 1 ", "on please"):
    _switch(
        f"do-not-track-{len(SWITCHES.cases)}",
        {"DO_NOT_TRACK": _value},
        "environment",
        f"DO_NOT_TRACK is set to {_value!r}.",
    )
for _value in ("", "0", "false", "no", "False"):
    _switch(
        f"track-{len(SWITCHES.cases)}",
        {"DO_NOT_TRACK": _value},
        None,
        f"DO_NOT_TRACK set to {_value!r} asks for nothing.",
    )
for _value in ("off", "OFF", "0", "false", "no", " off ", "disabled", "never", "nein"):
    _switch(
        f"off-{len(SWITCHES.cases)}",
        {"HEADCOUNT_TELEMETRY": _value},
        "environment",
        f"HEADCOUNT_TELEMETRY is {_value!r}: anything but on, 1, true, yes or empty is off.",
    )
for _value in ("", "on", "1", "true", "yes", "ON", " Yes "):
    _switch(
        f"on-{len(SWITCHES.cases)}",
        {"HEADCOUNT_TELEMETRY": _value},
        None,
        f"HEADCOUNT_TELEMETRY set to {_value!r} turns nothing off.",
    )
for _name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "PYTEST_CURRENT_TEST"):
    _switch(
        f"automated-{_name.lower()}",
        {_name: "true"},
        "automated",
        f"{_name} shows a build or a test run, which is no installation.",
    )
_switch("no-ci", {"CI": "false"}, None, "CI set to false is no build.")
_switch(
    "environment-before-ci",
    {"CI": "true", "DO_NOT_TRACK": "1"},
    "environment",
    "What a person set is named before what a machine set.",
)
for _kind, _why in (
    ("file", "The file exists; nobody reads its content, so the word on in it is no yes."),
    ("directory", "A directory in its place was meant as the file."),
    ("dangling link", "A link to nothing counts: somebody put it there."),
):
    _switch(f"machine-{_kind.replace(' ', '-')}", {}, "machine", _why, off_file=_kind)
_switch(
    "no-machine",
    {},
    None,
    "A file in the place of a folder leaves no place for the off file.",
    off_file="below a file",
)
_switch(
    "administrator-before-machine",
    {},
    "administrator",
    "The host's own switch is named before the machine's.",
    administrator=True,
    off_file="file",
)
_switch(
    "machine-before-environment",
    {"HEADCOUNT_TELEMETRY": "on", "DO_NOT_TRACK": "1", "CI": "true"},
    "machine",
    "The machine's file is named before a variable, and no variable overrules it.",
    off_file="file",
)


def _place(name: str, system: str, path: str, why: str, **environment: str) -> None:
    given = {"system": system, "environment": environment}
    SWITCHES.add(f"place-{name}", "off_file", given, {"path": path}, why)


_ETC = "/etc/headcount/off"
_place("linux", "linux", _ETC, "One place for every program of a machine.")
_place("freebsd", "freebsd", _ETC, "Other Unix systems have the same place.")
_place(
    "macos",
    "macos",
    "/Library/Application Support/headcount/off",
    "Where macOS keeps what concerns all its users.",
)
_place(
    "windows",
    "windows",
    r"D:\Data\headcount\off",
    "Windows names the folder of all users in a variable.",
    PROGRAMDATA=r"D:\Data",
)
_place(
    "windows-bare",
    "windows",
    r"C:\ProgramData\headcount\off",
    "Without the variable it is the usual folder.",
)
_place(
    "elsewhere",
    "linux",
    _ETC,
    "No variable moves the place elsewhere: else whoever sets one could switch it off.",
    PROGRAMDATA="/var/data",
)
