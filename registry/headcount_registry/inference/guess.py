"""The type of a key, chosen from sample answers by one rule, and why.

The rule, first match:

1. only true and false, or words for them: `boolean`; so are 0 and 1 alone
2. only arrays: `list`, with the members that were seen
3. only whole numbers: `count`, with powers of ten as bounds
4. only versions, such as `8.2.7-dev`: `version`; names with versions: `product`
5. few different texts, each more than once: `choice`; else: `text`, with a warning

Values that look personal are never repeated in a draft. If half of the answers do, or if
nothing fits, there is no type.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headcount_registry.checks.privacy import MOST_MEMBERS, looks_personal
from headcount_registry.declarations.model import MAX_TEXT, KeyType
from headcount_registry.emitters.wording import quantity
from headcount_registry.inference.payloads import Product

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.inference.payloads import Answer, Answers, Json

MOST_VALUES = 20
"""Most values of a key that is taken for a choice or a product."""

FEW = 10
"""With fewer answers than these, nothing is said about how often a value comes."""

_TRUTH = frozenset({"yes", "no", "on", "off", "true", "false", "enabled", "disabled"})
_BITS = frozenset({"0", "1"})
_WHOLE = re.compile(r"[0-9]{1,18}")
_VERSION = re.compile(r"(?:[0-9]+\.x-)?v?[0-9]+(?:\.[0-9x]+)+(?:[^0-9.].*)?")
_PRODUCT = re.compile(r"(?P<name>[A-Za-z][A-Za-z+ _-]*?)[ /-]v?(?P<version>[0-9]+(?:\.[0-9]+)*).*")


@dataclass(frozen=True, slots=True)
class Guess:
    """A type with its attributes; `reason` says why, `warnings` what a person must look at.

    `values` come with the number of answers that have them. There is no type if none fits.
    """

    type: KeyType | None
    reason: str
    values: Counter[str] = field(default_factory=Counter)
    buckets: tuple[int, ...] = ()
    precision: int = 0
    warnings: tuple[str, ...] = ()


def guess(answers: Answers) -> Guess:
    """Return the type that fits all answers to a key."""
    given = [each for each in answers.given if each != ""]
    seen = quantity(len(given), "answer")
    lists = [each for each in given if isinstance(each, list)]
    if answers.strange:
        found = Guess(None, "some answers are objects inside of objects, which no type can hold")
    elif not given:
        found = Guess(None, "no sample has an answer to it")
    elif lists:
        found = _list(lists, of=len(given))
    elif products := [each for each in given if isinstance(each, Product)]:
        names = Counter(each.name for each in products)
        parts = _parts(each.version for each in products)
        reason = f"a name with a version in {seen}"
        found = Guess(KeyType.PRODUCT, reason, names, precision=parts)
    elif all(isinstance(each, bool) for each in given):
        found = Guess(KeyType.BOOLEAN, f"true or false in {seen}")
    else:
        found = _scalar([_text(each) for each in given], seen, exact=answers.exact)
    return found


def _text(answer: Answer) -> str:
    if isinstance(answer, bool):
        return "true" if answer else "false"
    return str(answer)


def _scalar(texts: list[str], seen: str, *, exact: bool) -> Guess:
    different = Counter(texts)
    if {text.lower() for text in different} <= _TRUTH:
        return Guess(KeyType.BOOLEAN, f"words for yes and no in {seen}")
    if different.keys() <= _BITS and not exact:
        return Guess(KeyType.BOOLEAN, f"0 or 1 in {seen}; a count if it can be more")
    if all(map(_WHOLE.fullmatch, different)):
        bounds = _bounds(max(map(int, different)))
        return Guess(KeyType.COUNT, f"a whole number in {seen}", buckets=bounds)
    personal, plain = _parted(different)
    if personal.total() * 2 >= len(texts):
        return Guess(None, "it would name whom it counts", warnings=_told(personal))
    return _words(plain, seen, _told(personal))


def _words(different: Counter[str], seen: str, warnings: tuple[str, ...]) -> Guess:
    if all(map(_VERSION.fullmatch, different)):
        reason = f"digits and dots in {seen}"
        return Guess(
            KeyType.VERSION, reason, precision=min(_parts(different), 2), warnings=warnings
        )
    found = [_PRODUCT.fullmatch(text) for text in different]
    if all(found) and any(match and "." in match["version"] for match in found):
        names = Counter[str]()
        for match in found:
            names[match["name"] if match else ""] += different[match[0]] if match else 0
        if len(names) <= MOST_VALUES:
            reason = f"a name with a version in {seen}"
            return Guess(KeyType.PRODUCT, reason, names, precision=2, warnings=warnings)
    if all(_is_negative_or_fraction(text) for text in different):
        return Guess(None, "fractions and negative numbers have no type; report a range instead")
    many = quantity(len(different), "different text")
    total = different.total()
    if len(different) <= MOST_VALUES and (total < FEW or len(different) * 2 <= total):
        return Guess(KeyType.CHOICE, f"{many} in {seen}", different, warnings=warnings)
    told = f"{many} in {seen}: free text can name somebody; name the values that decide something"
    return Guess(KeyType.TEXT, f"{many} in {seen}", warnings=(*warnings, told))


def _list(answers: list[list[Json]], of: int) -> Guess:
    if len(answers) < of:
        return Guess(None, "some answers are arrays and others are not")
    members: Counter[str] = Counter()
    for each in answers:
        if any(isinstance(item, list | dict) for item in each):
            return Guess(None, "arrays inside of arrays have no type")
        members.update({str(item) for item in each if item is not None and str(item)})
    personal, plain = _parted(members)
    reason = f"arrays in {quantity(len(answers), 'answer')}"
    if personal.total() * 2 >= max(members.total(), 1) and personal:
        return Guess(None, "it would name whom it counts", warnings=_told(personal))
    warnings = _told(personal)
    if len(plain) > MOST_MEMBERS:
        warnings += (f"{len(plain)} members tell installations apart; list those that decide",)
    return Guess(KeyType.LIST, reason, plain, warnings=warnings)


def _parted(different: Counter[str]) -> tuple[Counter[str], Counter[str]]:
    """Return the texts that look personal, by what they look like, and the others."""
    personal: Counter[str] = Counter()
    plain: Counter[str] = Counter()
    for text, number in different.items():
        if what := looks_personal(text[:MAX_TEXT]):
            personal[what] += number
        else:
            plain[text] += number
    return personal, plain


def _told(personal: Counter[str]) -> tuple[str, ...]:
    return tuple(
        f"{quantity(number, 'answer')} {'looks' if number == 1 else 'look'} like {what}, and"
        f" {'is' if number == 1 else 'are'} not repeated here"
        for what, number in sorted(personal.items())
    )


def _bounds(largest: int) -> tuple[int, ...]:
    """Return powers of ten from 10 to the largest answer; 2 and 5 if none reaches 10."""
    powers = tuple(10**power for power in range(1, 18) if 10**power <= largest)
    return powers or (2, 5)


def _parts(versions: Iterable[str]) -> int:
    """Return the largest number of components of some versions, from 1 to 4."""
    return max(1, min(4, max((each.count(".") + 1 for each in versions), default=1)))


def _is_negative_or_fraction(text: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+(?:e[+-]?[0-9]+)?", text) is not None
