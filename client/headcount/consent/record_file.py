"""The decision's file: a consent record as JSON that people can read.

Anything other than such a record is unreadable. It decides nothing, and never counts
as a yes.
"""

from __future__ import annotations

import json

from headcount.consent.record import DENIED, GRANTED, UNDECIDED, UNREADABLE, Record
from headcount.consent.terms import Terms
from headcount.model.project import LEVELS
from headcount.model.sentence import Sentence
from headcount.model.week import Week

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FORMAT = 1
"""Version of the file; a newer one is unreadable."""

_NUMBERS = ("at", "not_before", "notice", "pending_at")
_SHOWN = ("language", "text_digest")
_WORDS = (
    "decision", "via", "level", "notice_mode", "registry_digest", "consent_digest", "spent",
    "wording", "asked", *_SHOWN,
)  # fmt: skip
_LATER: dict[str, Any] = {
    "wording": "",
    "asked": "",
    "pending_at": 0.0,
    **dict.fromkeys(_SHOWN, ""),
}  # what the first records lack


def encode(record: Record) -> bytes:
    """Return the bytes of a record's file."""
    parts = record.parts()
    for part in _SHOWN:
        if not parts[part]:  # so that a client of before there were any reads it
            del parts[part]
    for part in ("terms", "pending"):
        parts[part] = {name: _written(terms) for name, terms in sorted(parts[part].items())}
    return json.dumps({"format": FORMAT, **parts}, indent=1, ensure_ascii=False).encode()


def _written(terms: Terms) -> dict[str, Any]:
    parts = terms.parts()
    if not terms.threshold:  # so that a client of before there were any reads it
        del parts["threshold"]
    return parts


def decode(data: bytes, path: str) -> Record:
    """Return the record in a file's bytes, or else an unreadable one that names the path."""
    try:
        return _record(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return unreadable(
            Sentence("{path} does not hold a decision that this version can read.", path=path)
        )


def unreadable(reason: str) -> Record:
    """Return the record that stands for an unreadable one; its `via` is the reason."""
    return Record(decision=UNREADABLE, via=reason)


def _record(parts: dict[str, Any]) -> Record:
    if not isinstance(parts, dict) or parts.pop("format") != FORMAT:
        raise ValueError
    terms = {name: _terms(part) for name, part in parts.pop("terms").items()}
    pending = {name: _terms(part) for name, part in parts.pop("pending", {}).items()}
    refused = _list_of(str, parts.pop("refused"))
    parts = _LATER | parts
    if parts.keys() != {*_NUMBERS, *_WORDS}:
        raise ValueError
    for name in _NUMBERS:
        parts[name] = _number(parts[name])
    if not all(isinstance(parts[name], str) for name in _WORDS):
        raise ValueError
    if parts["decision"] not in {GRANTED, DENIED, UNDECIDED} or parts["level"] not in LEVELS:
        raise ValueError
    if parts["spent"]:
        Week.named(parts["spent"])
    return Record(refused=refused, terms=terms, pending=pending, **parts)


def _terms(parts: dict[str, Any]) -> Terms:
    for name in ("type", "purpose", "level"):
        if not isinstance(parts[name], str):
            raise TypeError
    parts.setdefault("threshold", 0)  # a record of before there were any
    if type(parts["threshold"]) is not int:
        raise TypeError
    for name in ("values", "by"):
        parts[name] = _list_of(str, parts[name])
    parts["buckets"] = _list_of(int, parts["buckets"])
    if not isinstance(parts["catalogue"], bool) or not isinstance(parts["precision"], int):
        raise TypeError
    return Terms(**parts)


def _list_of(kind: Callable[[Any], Any] | type, items: object) -> tuple[Any, ...]:
    if not isinstance(items, list) or not all(type(item) is kind for item in items):
        raise TypeError
    return tuple(items)


def _number(part: object) -> float:
    if isinstance(part, bool) or not isinstance(part, int | float) or part != part:  # noqa: PLR0124 - NaN
        raise TypeError
    return float(part)
