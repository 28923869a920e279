# Written by headcount-registry from the declarations of bee; do not edit.
"""Bee, as plain data: everything that consent and preview need."""

from __future__ import annotations

from headcount.generated import Key, Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def _schema() -> bytes:
    from ._schema import FILE

    return FILE


def _translations() -> Mapping[str, Mapping[str, str]]:
    from ._translations import TEXTS

    return TEXTS


PROJECT = Project(
    name="bee",
    title="Bee",
    homepage="https://github.com/backdrop-contrib/bee",
    recipient="The maintainers of bee",
    contact="https://github.com/backdrop-contrib/bee/issues",
    endpoint="grpcs://telemetry.example.org",
    mode="ask_first",
    digest="c58c066f14027a34fc9e072e29f087f231b10cc1bdbbc14035eda18951ba740b",
    consent_digest="98cf14a5b72b5901363b6ebee191c1288e33a33c70b680c51d357693bf840932",
    keys=(
        Key(
            name="version",
            number=1,
            label="Bee version",
            description="The release of bee, such as 1.1.",
            purpose="Decide for how long older releases of bee get fixes.",
            issue="https://github.com/backdrop-contrib/bee/issues/393",
            type="version",
            level="basic",
            precision=2,
            since="1.1",
            owner="The maintainers of bee",
        ),
        Key(
            name="multisite",
            number=2,
            label="Multisite",
            description="Whether bee is run on an installation that serves several sites.",
            purpose="Decide whether commands that act on all sites of an installation are worth writing.",
            issue="https://github.com/backdrop-contrib/bee/issues/393",
            type="boolean",
            level="basic",
            since="1.1",
            owner="The maintainers of bee",
        ),
        Key(
            name="operating_system",
            number=3,
            label="Operating system",
            description="The family of operating systems that bee runs on, such as Linux.",
            purpose="Decide which operating systems bee is tested and documented for.",
            issue="https://github.com/backdrop-contrib/bee/issues/393",
            type="choice",
            level="basic",
            values={
                "Linux": 2,
                "macOS": 3,
                "Windows": 4,
                "FreeBSD": 5,
                "OpenBSD": 6,
                "NetBSD": 7,
                "Solaris": 8,
            },
            aliases={
                "Darwin": "macOS",
                "SunOS": "Solaris",
                "WIN32": "Windows",
                "WINNT": "Windows",
            },
            since="1.2",
            owner="The maintainers of bee",
            convention="common:operating_system",
        ),
        Key(
            name="php_version",
            number=4,
            label="PHP version",
            description="The version of PHP that runs bee on the command line, such as 8.2.",
            purpose="Decide which PHP versions the next release of bee still has to run on.",
            issue="https://github.com/backdrop-contrib/bee/issues/393",
            type="version",
            level="basic",
            precision=2,
            since="1.1",
            owner="The maintainers of bee",
            convention="common:php_version",
        ),
    ),
    schema=_schema,
    translations=_translations,
)
