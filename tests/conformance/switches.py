"""The switches that turn everything off, whatever the answer."""

from __future__ import annotations

from conformance.cases import Source

SWITCHES = Source(
    "switches",
    "Off wins over every answer, and the first rule that matches decides: the administrator, then"
    " the environment, then a build or test run. Nothing is collected, written or sent.",
    {
        "switches": "given environment (variables) and administrator_off: rule, which is"
        " administrator, environment or automated, or null if the answer decides"
    },
)


def _switch(
    name: str,
    environment: dict[str, str],
    rule: str | None,
    why: str,
    *,
    administrator: bool = False,
) -> None:
    given = {"environment": environment, "administrator_off": administrator}
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
