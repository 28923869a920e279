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
    digest="4e9974fcaf82e08f463b4f344834f9ed74d9d7904a129b514249a6a90b1afc13",
    consent_digest="8c2a1dfc6f68231a633b987cb0fce7965f89b3c2cb28b7f587e5f8b7e0b1771b",
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
            description="",
            purpose="",
            issue="",
            type="list",
            level="basic",
            values={
                "one_column": 2,
                "two_columns": 3,
            },
            max_items=5,
        ),
        Key(
            name="modules",
            number=3,
            label="Modules",
            description="",
            purpose="",
            issue="",
            type="list",
            level="basic",
            catalogue=(
                'admin "bar"',
                "ctools",
                "views",
            ),
            max_items=200,
        ),
        Key(
            name="multisite",
            number=4,
            label="Multisite",
            description="Whether one installation serves several shops.",
            purpose="",
            issue="",
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
            description="",
            purpose="",
            issue="",
            type="count",
            level="extended",
            buckets=(
                1,
                10,
                100,
            ),
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
        ),
        Key(
            name="server_os",
            number=7,
            label="Operating system",
            description='The system\'s family; a "kernel" and a \\ sign, */ and // besides.',
            purpose="",
            issue="",
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
        ),
        Key(
            name="web_server",
            number=8,
            label="Web server",
            description="",
            purpose='Test """on""" it\\',
            issue="",
            type="product",
            level="basic",
            values={
                "Apache": 2,
                "nginx": 3,
            },
            precision=3,
        ),
    ),
    schema=_schema,
)
