# Written by headcount-registry from the declarations of signup_sheet; do not edit.
"""Signup Sheet, as plain data: everything that consent and preview need."""

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
    name="signup_sheet",
    title="Signup Sheet",
    homepage="https://example.org/signup-sheet",
    recipient="The maintainers of Signup Sheet",
    contact="https://example.org/signup-sheet/issues",
    endpoint="grpcs://telemetry.example.org",
    mode="ask_first",
    digest="68a97ead58148ad272527ef3291070573720e88bee79702b4a55ddea408295db",
    consent_digest="4d4e7486b70b37334b37ab736cd6d688be0ad59ddbe1b3060d56210e6bf6411c",
    keys=(
        Key(
            name="version",
            number=1,
            label="Release",
            description="The installed release of Signup Sheet, cut to two components.",
            purpose="See which releases are in use and decide how long each is supported.",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
        Key(
            name="jquery_version",
            number=2,
            label="jQuery Version",
            description="",
            purpose="",
            issue="",
            type="text",
            level="basic",
        ),
        Key(
            name="php_version",
            number=3,
            label="PHP Version",
            description="",
            purpose="",
            issue="",
            type="text",
            level="basic",
        ),
    ),
    schema=_schema,
    translations=_translations,
)
