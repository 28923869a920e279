"""Declarations of tests, with the explanations that each key of the full form needs.

Few tests are about explanations, and four lines a key would hide what the others are about.
"""

from __future__ import annotations

from headcount_registry.declarations.model import VERSION
from headcount_registry.reading import info

WORDS = {
    "label": "Label",
    "description": "What it is.",
    "purpose": "Decide something.",
    "issue": "https://tracker.toys/1",
    "owner": "The makers",
}


def explained(text: str) -> str:
    """Return declarations with the missing lines of explanation at their end, if they can be.

    A set of conventions stays as it is: its explanations are the subject of its tests.
    """
    if "headcount[conventions]" in text:
        return text
    stated: dict[str, set[str]] = {}
    taken: set[str] = set()
    for pair in info.parse(text).pairs:
        word, *rest = pair.path
        if word == "telemetry" and len(rest) > 1 and rest[1] not in {"allow", "translations"}:
            stated.setdefault(rest[0], set()).add(rest[1])
            taken |= {rest[0]} if rest[1] == "use" else set()
        elif word == "telemetry" and len(rest) == 1:
            taken.add(rest[0])  # a label in the shorthand
    shorthand = {key for key in taken if key not in stated}
    lines = [
        f"telemetry[{key}][{name}] = {words if name != 'label' else key}"
        for key, names in stated.items()
        if key != VERSION and key not in shorthand
        for name, words in WORDS.items()
        if name not in names and not (name == "label" and key in taken)
    ]
    return _appended(text, lines)


def _appended(text: str, lines: list[str]) -> str:
    """Return a text with more lines, or as it is if its end would swallow them."""
    if not lines:
        return text
    addition = "".join(f"{line}\n" for line in lines)
    longer = f"{text}{'' if text.endswith(chr(10)) else chr(10)}{addition}"
    before, added, after = (info.parse(each).pairs for each in (text, addition, longer))
    pairs = [(each.key, each.value) for each in (*before, *added)]
    return longer if [(each.key, each.value) for each in after] == pairs else text
