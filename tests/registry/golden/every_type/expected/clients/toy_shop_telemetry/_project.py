# Written by headcount-registry from the declarations of toy_shop; do not edit.
"""Toy "shop" \\ café, as plain data: everything that consent and preview need."""

from __future__ import annotations

from headcount.generated import Key, Project


def _schema() -> bytes:
    from ._schema import FILE

    return FILE


PROJECT = Project(
    name="toy_shop",
    title='Toy "shop" \\ café',
    homepage="https://example.org/toys",
    recipient="The toy makers",
    contact="https://example.org/contact",
    endpoint="grpcs://telemetry.example.org",
    mode="on_after_notice",
    digest="d7f5b2aa32a1aa9a9b0faa6905ba9c5605c1bff12ef6ce45dfbd1aa617cb22f1",
    consent_digest="c1735976aad5d02dff3719480eaa515bbdc738972b57791b5a917a4a9648b385",
    keys=(
        Key(
            name="version",
            number=1,
            label="Release",
            description='The installed release of Toy "shop" \\ café, cut to two components.',
            purpose="See which releases are in use and decide how long each is supported.",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
        Key(
            name="layouts",
            number=2,
            label="Layouts",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="list",
            level="basic",
            values={
                "one_column": 2,
                "two_columns": 3,
            },
            max_items=5,
            owner="The makers",
        ),
        Key(
            name="modules",
            number=3,
            label="Modules",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="list",
            level="basic",
            catalogue=(
                'admin "bar"',
                "ctools",
                "views",
            ),
            max_items=200,
            owner="The makers",
        ),
        Key(
            name="multisite",
            number=4,
            label="Multisite",
            description="Whether one installation serves several shops.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="boolean",
            level="basic",
            since="1.2",
            expires="2099-12-31",
            owner="Ann",
        ),
        Key(
            name="pages",
            number=5,
            label="Pages",
            description="What it is.",
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="count",
            level="extended",
            buckets=(
                1,
                10,
                100,
            ),
            owner="The makers",
        ),
        Key(
            name="php_version",
            number=6,
            label="PHP version",
            description="The version of PHP, such as 8.2.",
            purpose="Decide which versions the next release needs.",
            issue="https://example.org/issues/1",
            type="version",
            level="basic",
            precision=2,
            by=("version",),
            owner="The makers",
        ),
        Key(
            name="server_os",
            number=7,
            label="Operating system",
            description='The system\'s family; a "kernel" and a \\ sign, */ and // besides.',
            purpose="Decide something.",
            issue="https://toymakers.org/1",
            type="choice",
            level="basic",
            values={
                "Linux": 2,
                'Windows "NT"': 3,
                "Système Ö": 4,
            },
            aliases={
                '"quoted"': "Linux",
                "WINNT": 'Windows "NT"',
            },
            owner="The makers",
        ),
        Key(
            name="web_server",
            number=8,
            label="Web server",
            description="What it is.",
            purpose='Test """on""" it\\',
            issue="https://toymakers.org/1",
            type="product",
            level="basic",
            values={
                "Apache": 2,
                "nginx": 3,
            },
            precision=3,
            owner="The makers",
        ),
    ),
    schema=_schema,
)
