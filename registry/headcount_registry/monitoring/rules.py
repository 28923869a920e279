"""Rules of Prometheus and the file that they stand in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount_registry.emitters.code_writer import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterable

# JSON leaves these as they are, and YAML would read them as the end of a line or as nothing.
_YAML_ESCAPES = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that is computed from others."""

    name: str
    expression: str

    def lines(self) -> Iterable[str]:
        """The rule in YAML, below `rules:`."""
        yield f"- record: {self.name}"
        yield from _expression(self.expression)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that a person should look at, once it was so for a while."""

    name: str
    expression: str
    severity: str
    summary: str
    description: str
    wait: str = ""

    def lines(self) -> Iterable[str]:
        """The rule in YAML, below `rules:`."""
        yield f"- alert: {self.name}"
        yield from _expression(self.expression)
        if self.wait:
            yield f"  for: {self.wait}"
        yield "  labels:"
        yield f"    severity: {self.severity}"
        yield "  annotations:"
        yield f"    summary: {quoted(self.summary)}"
        yield f"    description: {quoted(self.description)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, one after the other."""

    name: str
    rules: tuple[Recording | Alert, ...]


def text(groups: Iterable[Group]) -> str:
    """The text of a file of rules."""
    lines = [f"# {MARKER}; do not edit.", "groups:"]
    for group in groups:
        lines += [f"  - name: {group.name}", "    rules:"]
        lines += [f"      {line}" for rule in group.rules for line in rule.lines()]
    return "\n".join(lines) + "\n"


def quoted(words: str) -> str:
    """A text as a scalar of YAML, in double quotes."""
    # The escapes of JSON are escapes of YAML too, apart from pairs of surrogates.
    literal = json.dumps(words, ensure_ascii=False)
    return _YAML_ESCAPES.sub(lambda found: f"\\u{ord(found[0]):04x}", literal)


def _expression(expression: str) -> Iterable[str]:
    yield "  expr: |-"
    yield from (f"    {line}" for line in expression.splitlines())
