"""The step from a collector's return value to the answer that may leave the host.

The functions are pure, one for each type of key. `None` means "no answer", and leaves
the key out of the report. A value outside a closed set or a catalogue becomes `other`
here, so its name never leaves the host.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING

from headcount.model.sentence import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from headcount.model.project import Key
    from headcount.model.report import Wire

OTHER = "other"
"""The answer that replaces every value outside a closed set."""

TEXT_LIMIT = 64
"""Largest number of characters of a `text` value."""

DEFAULT_MAX_ITEMS = 200
"""Largest number of items of a list if its key states none."""

READ_AT_MOST = 100_000
"""Number of items taken from an iterable, which may never end."""

_COMPONENT_LIMIT = 9  # digits; a longer run is a timestamp or a serial number
_COUNT_DIGITS = 18
_LARGE = 200  # bits; Python refuses to write much larger numbers
_CORE_PREFIX = re.compile(r"[0-9]+\.x-", re.ASCII)
_BEHIND_NAME = " \t/-(:"  # the characters between a product and its version
_YES_NO = {
    **dict.fromkeys(("yes", "true", "on", "enabled", "1"), True),
    **dict.fromkeys(("no", "false", "off", "disabled", "0"), False),
}


def normalised(key: Key, raw: object) -> Wire | None:
    """Return the wire value of a key's answer, or None for no answer.

    boolean: bool. choice, version, text: str. product: (name, version), with the
    version `""` if it is unknown. count: the lower bound of its bucket. list: sorted
    tuple without duplicates, at most `max_items` long.
    """
    return None if raw is None else _BY_TYPE[key.type](key, raw)


def undeclared(key: Key, raw: object) -> tuple[str, ...]:
    """Return the collected values that a key does not declare, so that `other` replaces them.

    They are for the host's developer alone: none is stored or sent.
    """
    items = raw if key.type == "list" and isinstance(raw, Collection) else (raw,)
    names = (item[0] if isinstance(item, tuple | list) and item else item for item in items)
    found = (name for name in names if isinstance(name, str) and _becomes_other(key, name))
    return tuple(dict.fromkeys(found))


def _becomes_other(key: Key, text: str) -> bool:
    answer = normalised(key, [text] if key.type == "list" else text)
    return answer in {OTHER, (OTHER,), (OTHER, "")} and text.strip() != OTHER


def out_of_bounds(key: Key, raw: object) -> str:
    """Return how an answer exceeds what its type allows, `""` if it does not.

    The words name bounds and sizes, and no value.
    """
    if key.type == "list" and isinstance(raw, Collection) and not isinstance(raw, str | bytes):
        most = key.max_items or DEFAULT_MAX_ITEMS
        texts = {item.strip() for item in islice(raw, READ_AT_MOST) if isinstance(item, str)}
        said = Sentence("{size} items, of which {most} are sent", size=len(texts), most=most)
        return said if len(texts) > most else ""
    if key.type == "text" and isinstance(raw, str):
        size = len(" ".join(raw.split()))
        said = Sentence("{size} characters, and {most} are allowed", size=size, most=TEXT_LIMIT)
        return said if size > TEXT_LIMIT else ""
    if key.type == "count" and isinstance(raw, int):
        if raw < 0:
            return Sentence("a negative number, and a count begins at 0")
        digits = len(str(raw)) if raw.bit_length() < _LARGE else _COUNT_DIGITS + 1
        said = Sentence("more than {most} digits", most=_COUNT_DIGITS)
        return said if digits > _COUNT_DIGITS else ""
    return ""


def cut(key: Key, answer: Wire) -> Wire:
    """Return a wire value cut to a key with fewer values or a coarser version."""
    if key.type == "choice":
        return answer if answer in key.values else OTHER
    if key.type == "version":
        return version(str(answer), max(key.precision, 1))
    if key.type == "product" and isinstance(answer, tuple):
        return _product(key, answer) or answer
    if key.type == "list" and isinstance(answer, tuple) and not key.catalogue:
        return tuple(sorted({item if item in key.values else OTHER for item in answer}))
    return answer


def version(raw: str, precision: int) -> str:
    """Return the first `precision` components of a version, or `other` if there are none."""
    text = raw.strip()
    if text.startswith("5.5.5-") and "mariadb" in text.lower():
        text = text.removeprefix("5.5.5-")
    if prefix := _CORE_PREFIX.match(text):
        text = text[prefix.end() :]
    if text[:1] in {"v", "V"}:
        text = text[1:]
    components: list[str] = []
    # An `x` is neither a digit nor a dot, so a component `x` ends the version too.
    for component in re.match(r"[0-9.]*", text, re.ASCII)[0].split("."):  # type: ignore[index] # always matches
        if not component or len(component) > _COMPONENT_LIMIT or len(components) == precision:
            break
        components.append(component)
    return ".".join(components) or OTHER


def bucket(count: int, bounds: tuple[int, ...]) -> int:
    """Return the lower bound of the bucket that holds a count: 0 or one of the bounds."""
    place = bisect_right(bounds, count)
    return bounds[place - 1] if place else 0


def _boolean(key: Key, raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | str):
        text = str(raw).strip()
        return _YES_NO.get(key.aliases.get(text, text).lower())
    return None


def _choice(key: Key, raw: object) -> str | None:
    if not isinstance(raw, str) or not raw.strip():
        return None
    return _declared(key, raw.strip()) or OTHER


def _declared(key: Key, text: str) -> str | None:
    """Return the declared value that a spelling means, or None."""
    value = key.aliases.get(text, text)
    return value if value in key.values else None


def _version(key: Key, raw: object) -> str | None:
    if not isinstance(raw, str) or not raw.strip():
        return None
    return version(raw, max(key.precision, 1))


def _product(key: Key, raw: object) -> tuple[str, str] | None:
    if isinstance(raw, str):
        name, release = _taken_apart(key, raw.strip())
    elif isinstance(raw, tuple | list) and len(raw) == 2:  # noqa: PLR2004 - a pair
        name, release = raw
        if not isinstance(name, str):
            return None
    else:
        return None
    if not name.strip():
        return None
    known = _declared(key, name.strip())
    if known is None:
        # The version of an unknown product would reveal which it is.
        return (OTHER, "")
    if not isinstance(release, str) or not key.precision:
        return (known, "")
    cut = version(release, key.precision)
    return (known, "" if cut == OTHER else cut)


def _taken_apart(key: Key, text: str) -> tuple[str, str]:
    """Split `MariaDB 10.11.19` or `Apache/2.4.57 (Debian)` after the longest known name."""
    for name in sorted((*key.values, *key.aliases), key=len, reverse=True):
        rest = text[len(name) :]
        if text.startswith(name) and (not rest or rest[0] in _BEHIND_NAME):
            return name, rest.lstrip(_BEHIND_NAME)
    return text, ""


def _count(key: Key, raw: object) -> int | None:
    if isinstance(raw, str):
        text = raw.strip()
        if not (text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS):
            return None
        raw = int(text)
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        return None
    return bucket(raw, key.buckets)


def _list(key: Key, raw: object) -> tuple[str, ...] | None:
    if isinstance(raw, str | bytes) or not hasattr(raw, "__iter__"):
        return None
    texts = (item.strip() for item in islice(raw, READ_AT_MOST) if isinstance(item, str))
    items = {_item(key, text) for text in texts if text}
    return tuple(sorted(items)[: key.max_items or DEFAULT_MAX_ITEMS])


def _item(key: Key, text: str) -> str:
    if key.values:
        return _declared(key, text) or OTHER
    name = key.aliases.get(text, text)
    return name if name in key.catalogue else OTHER


def _text(_key: Key, raw: object) -> str | None:
    # A text that is too long is refused, not cut. Half a text is a value that nobody
    # has, and a long text is seldom what the declaration asks for.
    if not isinstance(raw, str):
        return None
    text = " ".join(raw.split())
    return text if 0 < len(text) <= TEXT_LIMIT and text.isprintable() else None


_BY_TYPE: dict[str, Callable[[Key, object], Wire | None]] = {
    "boolean": _boolean,
    "choice": _choice,
    "version": _version,
    "product": _product,
    "count": _count,
    "list": _list,
    "text": _text,
}
