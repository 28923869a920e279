# Written by headcount-registry from the declarations of tool; do not edit.
"""Tool, as plain data: everything that consent and preview need."""

from __future__ import annotations

from headcount.generated import Key, Project


def _schema() -> bytes:
    from ._schema import FILE

    return FILE


PROJECT = Project(
    name="tool",
    title="Tool",
    homepage="https://example.org/tool",
    recipient="The tool makers",
    contact="https://example.org/contact",
    endpoint="grpcs://telemetry.example.org",
    mode="ask_first",
    digest="62fdad83041e2e194eb3979d12f185269f65b7e6826729e95273dd39d501c3f2",
    consent_digest="e2aa5be8eda77996de497c7263309d0942f7714eadc3c233a6bad30613ff35e0",
    keys=(
        Key(
            name="version",
            number=1,
            label="Release",
            description="The release of the tool.",
            purpose="See which releases are in use and decide how long each is supported.",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
        Key(
            name="quick",
            number=2,
            label="Quick mode",
            description="",
            purpose="",
            issue="",
            type="boolean",
            level="basic",
        ),
    ),
    schema=_schema,
)
