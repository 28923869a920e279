"""What a log says of each week, read from its leaves in order."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from headcount_server.errors import LogError
from headcount_server.publication.log_leaves import Leaf

Place: TypeAlias = tuple[str, str]
"""A week and a project."""


@dataclass(slots=True)
class History:
    """What the leaves say, each with its index where salts belong to it."""

    log: str = ""
    """Its name."""
    after: str = ""
    """The last week for which the log does not vouch."""
    restored: str = ""
    former: Mapping[str, Any] = field(default_factory=dict)
    weeks: dict[str, Leaf] = field(default_factory=dict)
    totals: dict[Place, tuple[int, Leaf]] = field(default_factory=dict)
    annotations: dict[str, tuple[int, Leaf]] = field(default_factory=dict)
    coverages: dict[Place, tuple[int, Leaf]] = field(default_factory=dict)
    retractions: defaultdict[str, list[Leaf]] = field(default_factory=lambda: defaultdict(list))
    """Retractions by project."""
    unopened: dict[Place, set[str]] = field(default_factory=dict)
    """Parts that a retraction took down."""
    names: defaultdict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Names that a key had, by project and number."""

    def _add(self, number: int, leaf: Leaf) -> None:
        kind = leaf["kind"]
        if (kind == "log") != (number == 0):
            msg = f"leaf {number}: a log begins with its name, and has it once"
            raise LogError(msg)
        match kind:
            case "log":
                self.log, self.after = leaf["log"], leaf["after"]
                self.restored = leaf.get("restored", "")
                self.former = leaf.get("former", {})
            case "week":
                self._once(number, leaf["week"] in self.weeks, leaf["week"])
                self.weeks[leaf["week"]] = leaf
            case "totals":
                at = leaf["week"], leaf["project"]
                self._once(number, at in self.totals, f"{at[0]} {at[1]}")
                self.totals[at] = number, leaf
                for key, its in {**leaf["keys"], **leaf["few"]}.items():
                    self.names[leaf["project"], int(key)].add(its["name"])
            case "annotation":
                self.annotations[leaf["week"]] = number, leaf
            case "coverage":
                self.coverages[leaf["week"], leaf["project"]] = number, leaf
            case "retraction":
                self.retractions[leaf["project"]].append(leaf)
                self.names[leaf["project"], leaf["key"]].add(leaf["name"])
                for week, part in leaf["unopened"]:
                    self.unopened.setdefault((week, leaf["project"]), set()).add(part)
            case other:
                msg = f"leaf {number}: of a kind that this program does not know, {other}"
                raise LogError(msg)

    def _once(self, number: int, known: bool, what: str) -> None:  # noqa: FBT001 - a condition
        if known:
            msg = f"leaf {number}: {what} was published before; a week is published once"
            raise LogError(msg)


def read(leaves: Iterable[str]) -> History:
    """Return what these leaves say. Raises LogError if one is malformed."""
    found = History()
    for number, leaf in enumerate(leaves):
        try:
            found._add(number, json.loads(leaf))  # noqa: SLF001 - of this module
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            msg = f"leaf {number}: malformed ({error!r})"
            raise LogError(msg) from error
    return found


def salts(lines: Iterable[str]) -> dict[int, dict[str, bytes]]:
    """Return the salts of each leaf, part by part. Raises LogError if a line is malformed."""
    found = {}
    try:
        for line in lines:
            its = json.loads(line)
            found[int(its["leaf"])] = {
                part: b64decode(salt, validate=True) for part, salt in its["salts"].items()
            }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"the salts are malformed ({error!r})"
        raise LogError(msg) from error
    return found
