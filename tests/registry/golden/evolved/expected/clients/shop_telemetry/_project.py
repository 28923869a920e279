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
    digest="de05dcce009bf2b77244aa46297e9bd413afd02c9dcc9abf363a9d148d3c1783",
    consent_digest="207253f43b6e756af8afc416d794c3a8830c1c5e427285890a7d697f6de3b030",
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
            description="",
            purpose="",
            issue="",
            type="choice",
            level="basic",
            values={
                "red": 2,
                "violet": 5,
            },
        ),
        Key(
            name="new_name",
            number=3,
            label="Renamed",
            description="",
            purpose="",
            issue="",
            type="boolean",
            level="basic",
            formerly="old_name",
        ),
        Key(
            name="back_again",
            number=6,
            label="Back again",
            description="",
            purpose="",
            issue="",
            type="boolean",
            level="basic",
        ),
        Key(
            name="added",
            number=20000,
            label="Added as well",
            description="",
            purpose="",
            issue="",
            type="boolean",
            level="basic",
        ),
        Key(
            name="zebra",
            number=20001,
            label="Added",
            description="",
            purpose="",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
    ),
    schema=_schema,
)
