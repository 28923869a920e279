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
    digest="eefda496ee99a8a7c5e1dbcd5ba75e2ac0c38ec77be64f7ab435cfe035fceb46",
    consent_digest="4e072d22b87c3a86f162b6698a3c93b1d2aab09dfff7429991c28d893909603b",
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
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="boolean",
            level="basic",
            owner="The makers",
        ),
    ),
    schema=_schema,
)
