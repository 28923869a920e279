"""Evolution: what is sent after a change of the declarations, within the terms of consent."""

from __future__ import annotations

from conformance.cases import Json, Source
from conformance.consent import BASIC, DAY, LATER, grant, step, without

EVOLUTION = Source(
    "evolution",
    "Declarations change, and answers stand. What was agreed to flows on within the agreed terms:"
    " a new value goes as other, a finer version is cut to the agreed precision. A key with a new"
    " purpose, level or cross-tabulation waits until it was shown, and so does a new key.",
    {
        "evolved": "given steps, project and now as for consent, and answers (of the"
        " collectors): keys and waiting as for consent, and report, the JSON of what is sent"
    },
)


def _evolved(
    name: str,
    why: str,
    change: str,
    answers: dict[str, Json],
    report: dict[str, Json],
    *,
    keys: tuple[str, ...] = BASIC,
    waiting: tuple[str, ...] = (),
    steps: tuple[dict[str, Json], ...] = (),
) -> None:
    given = {
        "steps": [grant(), *steps],
        "project": f"survey+{change}",
        "now": LATER,
        "answers": answers,
    }
    expect = {"keys": sorted(keys), "waiting": sorted(waiting), "report": report}
    EVOLUTION.add(name, "evolved", given, expect, why)


_evolved(
    "new-value",
    "The new value was not agreed to: it goes as other, as it did before.",
    "value",
    {"system": "FreeBSD"},
    {"system": {"value": "VALUE_OTHER"}},
)
_evolved(
    "old-value",
    "The values that were agreed to flow on.",
    "value",
    {"system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
)
_evolved(
    "new-value-allowed",
    "Once somebody agrees to the key as it is now, the new value goes by its name.",
    "value",
    {"system": "FreeBSD"},
    {"system": {"value": "VALUE_FREEBSD"}},
    steps=(step("allow", key="system", project="survey+value", at=LATER - DAY),),
)
_evolved(
    "new-product",
    "A new product goes as other, and its version stays.",
    "product",
    {"database": ["SQLite", "3.40"]},
    {"database": {"value": "VALUE_OTHER"}},
)
_evolved(
    "new-item",
    "A new item of a closed list goes as other.",
    "item",
    {"layouts": ["grid", "one_column"]},
    {"layouts": {"values": ["VALUE_OTHER", "VALUE_ONE_COLUMN"]}},
)
_evolved(
    "fewer-values",
    "Fewer values tell less: no question, and what is gone is other.",
    "fewer",
    {"system": "macOS"},
    {"system": {"value": "VALUE_OTHER"}},
)
_evolved(
    "finer-version",
    "A finer version is cut to the precision that was agreed to.",
    "finer",
    {"php_version": "8.2.7"},
    {"phpVersion": {"value": "8.2"}},
)
_evolved(
    "coarser-version",
    "A coarser version tells less, and is cut so at once.",
    "coarser",
    {"php_version": "8.2.7"},
    {"phpVersion": {"value": "8"}},
)
_evolved(
    "new-purpose",
    "Another purpose is another question: the key waits, the others flow.",
    "purpose",
    {"php_version": "8.2.7", "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    keys=without(BASIC, "php_version"),
    waiting=("php_version",),
)
_evolved(
    "higher-level",
    "A key that moved beyond the agreed level is not sent.",
    "level",
    {"language": "de", "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    keys=without(BASIC, "language"),
)
_evolved(
    "new-cross-tabulation",
    "Counted together with the release, an answer says more: the key waits.",
    "by",
    {"php_version": "8.2.7", "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    keys=without(BASIC, "php_version"),
    waiting=("php_version",),
)
_evolved(
    "lower-threshold",
    "With a lower threshold smaller groups are published: the key waits.",
    "lower",
    {"layouts": ["one_column"], "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    keys=without(BASIC, "layouts"),
    waiting=("layouts",),
)
_evolved(
    "higher-threshold",
    "A higher threshold tells less: no question.",
    "higher",
    {"layouts": ["one_column"]},
    {"layouts": {"values": ["VALUE_ONE_COLUMN"]}},
)
_evolved(
    "new-alias",
    "An alias is another spelling of a value that was agreed to.",
    "alias",
    {"system": "WIN32"},
    {"system": {"value": "VALUE_WINDOWS"}},
)
_evolved(
    "new-wording",
    "Other words for the same key ask nothing.",
    "wording",
    {"php_version": "8.2.7"},
    {"phpVersion": {"value": "8.2"}},
)
_evolved(
    "new-catalogue-item",
    "Items of a published list are not part of the terms.",
    "catalogue",
    {"modules": ["zen"]},
    {"modules": {"values": ["zen"]}},
)
_evolved(
    "new-key",
    "A new key waits until somebody was asked, and its collector is not called.",
    "key",
    {"cache": True, "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    waiting=("cache",),
)
_evolved(
    "new-key-allowed",
    "Once it is agreed to, it is sent.",
    "key",
    {"cache": True},
    {"cache": {"value": True}},
    keys=(*BASIC, "cache"),
    steps=(step("allow", key="cache", project="survey+key", at=LATER - DAY),),
)
_evolved(
    "key-gone",
    "What is no longer asked is no longer sent.",
    "gone",
    {"language": "de", "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    keys=without(BASIC, "language"),
)
_evolved(
    "renamed",
    "A renamed key stays agreed to.",
    "renamed",
    {"several_sites": True},
    {"multisite": {"value": True}},
    keys=(*without(BASIC, "multisite"), "several_sites"),
)
_evolved(
    "renamed-and-refused",
    "A renamed key stays refused.",
    "renamed",
    {"several_sites": True, "system": "Linux"},
    {"system": {"value": "VALUE_LINUX"}},
    keys=without(BASIC, "multisite"),
    steps=(step("refuse", key="multisite"),),
)
