# Written by headcount-registry from the declarations of shop; do not edit.
"""shop, as plain data: everything that consent and preview need."""

from __future__ import annotations

from headcount.generated import Key, Project


def _schema() -> bytes:
    from ._schema import FILE

    return FILE


PROJECT = Project(
    name="shop",
    title="shop",
    homepage="https://example.org",
    recipient="The shop",
    contact="https://example.org/contact",
    endpoint="grpcs://telemetry.example.org",
    mode="ask_first",
    digest="98a1744d72ba59d43089ec2e374ddbe927b9cad549d82c0252c6b175f98d804e",
    consent_digest="f0f8140dbc28b87671178045b49e50f00c5472be284578418efe70503f380424",
    keys=(
        Key(
            name="version",
            number=1,
            label="Release",
            description="The installed release of shop, cut to two components.",
            purpose="See which releases are in use and decide how long each is supported.",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
        Key(
            name="colour",
            number=2,
            label="Colour",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="choice",
            level="basic",
            values={
                "red": 2,
                "violet": 5,
            },
            owner="The makers",
        ),
        Key(
            name="new_name",
            number=3,
            label="Renamed",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="boolean",
            level="basic",
            owner="The makers",
            formerly="old_name",
        ),
        Key(
            name="back_again",
            number=6,
            label="Back again",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="boolean",
            level="basic",
            owner="The makers",
        ),
        Key(
            name="added",
            number=20000,
            label="Added as well",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="boolean",
            level="basic",
            owner="The makers",
        ),
        Key(
            name="zebra",
            number=20001,
            label="Added",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="version",
            level="basic",
            precision=2,
            owner="The makers",
        ),
    ),
    schema=_schema,
)
