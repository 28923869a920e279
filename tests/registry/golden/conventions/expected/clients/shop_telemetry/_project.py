# Written by headcount-registry from the declarations of shop; do not edit.
"""Shop, as plain data: everything that consent and preview need."""

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
    name="shop",
    title="Shop",
    homepage="https://shop.example.org",
    recipient="The makers of Shop",
    contact="https://shop.example.org/contact",
    endpoint="https://telemetry.example.org",
    mode="ask_first",
    digest="3694bee6adf9cdb941984f295ab996637ee802dae2ec7d8c9dd74c1474f1445c",
    consent_digest="946cdcd5085f8fd4bcf9911ea15524f9996cf146a97bb26fb9b5309504506163",
    keys=(
        Key(
            name="version",
            number=1,
            label="Release",
            description="The installed release of Shop, cut to two components.",
            purpose="See which releases are in use and decide how long each is supported.",
            issue="",
            type="version",
            level="basic",
            precision=2,
        ),
        Key(
            name="age",
            number=2,
            label="Age of the installation",
            description="For how many weeks this installation has taken part in the counts, in three ranges; older ones are not told apart.",
            purpose="Tell installations that stay from those that soon disappear, such as tests and containers.",
            issue="https://shop.example.org/issues/3",
            type="choice",
            level="basic",
            values={
                "first week": 2,
                "2 to 4 weeks": 3,
                "5 to 24 weeks": 4,
            },
            owner="The makers of Shop",
            convention="common:installation_age",
        ),
        Key(
            name="edition",
            number=3,
            label="Edition",
            description="The edition that is installed.",
            purpose="Decide which editions get long-term support.",
            issue="https://shop.example.org/issues/1",
            type="choice",
            level="basic",
            values={
                "community": 2,
                "enterprise": 3,
            },
            aliases={
                "ce": "community",
            },
            owner="The makers of Shop",
            convention="acme:edition",
        ),
        Key(
            name="second_edition",
            number=4,
            label="Edition of the till",
            description="The edition that is installed.",
            purpose="Decide which editions get long-term support.",
            issue="https://shop.example.org/issues/2",
            type="choice",
            level="extended",
            values={
                "community": 2,
                "enterprise": 3,
            },
            aliases={
                "ce": "community",
            },
            by=("version",),
            owner="The makers of Shop",
            convention="acme:edition",
        ),
    ),
    schema=_schema,
    translations=_translations,
)
