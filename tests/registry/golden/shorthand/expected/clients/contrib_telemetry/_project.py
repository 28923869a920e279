# Written by headcount-registry from the declarations of contrib; do not edit.
"""Contributed module, as plain data: everything that consent and preview need."""

from __future__ import annotations

from headcount.generated import Key, Project


def _schema() -> bytes:
    from ._schema import FILE

    return FILE


PROJECT = Project(
    name="contrib",
    title="Contributed module",
    homepage="",
    recipient="",
    contact="",
    endpoint="",
    mode="ask_first",
    digest="8f91747d82b8ab40a0c269c9990fadcaf03c387a7c0c9f524d96d3d73aaba6c2",
    consent_digest="3b0b62f8f752d3ad1a5627c2e90e40b78dac008d9af8db6284608a9e7ec6c37d",
    keys=(
        Key(
            name="version",
            number=1,
            label="Release",
            description="The installed release of Contributed module, cut to two components.",
            purpose="See which releases are in use and decide how long each is supported.",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
        Key(
            name="php_version",
            number=2,
            label="PHP Version",
            description="",
            purpose="",
            issue="",
            type="text",
            level="basic",
        ),
        Key(
            name="server_os",
            number=3,
            label="Server OS",
            description="",
            purpose="",
            issue="",
            type="text",
            level="basic",
        ),
    ),
    schema=_schema,
)
