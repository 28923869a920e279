"""Converts the values of Backdrop sites and `bee` to the types that keys declare.

Every value comes as PHP casts it to a text: `Yes`, `WINNT`, `1` for `TRUE`,
`10.3.38-MariaDB-0ubuntu0.20.04.1`. A value outside a closed set becomes `other` here,
versions are cut, and numbers become ranges. So no value goes further in than a generated
client would have sent it.

PHP casts `FALSE`, `NULL` and an empty list to the empty text. So the empty text means no to
a boolean and no items to a list. For any other type it is no answer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from headcount.v1 import options_pb2, telemetry_service_pb2

from headcount_server.counting.answers import (
    ENUM_OTHER,
    MAX_IGNORED,
    MAX_TEXT,
    OTHER,
    Ignored,
    Reason,
)
from headcount_server.errors import Violation
from headcount_server.registry.schema import Key, Project

LONGEST = 1024
"""Most characters of a value that Backdrop's own server keeps; longer values are no answers."""

_CORE_PREFIX = re.compile(r"[0-9]+\.x-", re.ASCII)
_BEHIND_NAME = " \t/-(:"  # characters that may separate a product from its version
_BOOLEANS = {
    **dict.fromkeys(("yes", "true", "on", "enabled", "1"), True),
    **dict.fromkeys(("no", "false", "off", "disabled", "0", ""), False),
}
_SAY_SOMETHING_EMPTY = {options_pb2.KEY_TYPE_BOOLEAN, options_pb2.KEY_TYPE_LIST}
"""Types for which the empty text is an answer."""
_COMPONENT_DIGITS = 9
_COUNT_DIGITS = 18


def report(project: Project, told: Mapping[str, object]) -> tuple[bytes, tuple[Ignored, ...]]:
    """Return the serialized report that these values make, and the keys that it leaves out.

    Keys that the project declares as known and not wanted are left out silently.
    """
    made = project.report_class()
    keys = {key.name: key for key in project.keys.values()}
    fields = project.report_class.DESCRIPTOR.fields_by_number
    left_out: list[Ignored] = []
    for name, value in told.items():
        key = keys.get(name)
        if key is None:
            if name not in project.declaration.ignored:
                violation = Violation("key", "not declared")
                left_out.append(Ignored("", 0, Reason.IGNORED_REASON_UNKNOWN, violation))
            continue
        answer = getattr(made, fields[key.number].name)
        if fault := _fill(key, value, answer):
            made.ClearField(fields[key.number].name)
            reason, description = fault
            violation = Violation(key.name, description)
            left_out.append(Ignored(key.name, key.number, reason, violation))
        else:
            answer.SetInParent()
    return made.SerializeToString(deterministic=True), tuple(left_out[:MAX_IGNORED])


def _fill(
    key: Key,
    value: object,
    answer: Any,  # noqa: ANN401 - the key's message is known only at run time
) -> tuple[telemetry_service_pb2.IgnoredReason, str] | None:
    """Fill in an answer; return None, or the reason why it is left out, with a description."""
    text, kind = _cast(value), key.declaration.type
    if text is None or (isinstance(value, list) and kind != options_pb2.KEY_TYPE_LIST):
        return Reason.IGNORED_REASON_MALFORMED, "an object, or a list that is not asked for"
    if len(text) > LONGEST:
        words = f"{len(text)} characters, at most {LONGEST}"
        return Reason.IGNORED_REASON_OUT_OF_BOUNDS, words
    text = text.strip()
    if not text and kind not in _SAY_SOMETHING_EMPTY:
        return Reason.IGNORED_REASON_EMPTY, "says nothing"
    if not _FILLERS[kind](key, text, answer):
        return Reason.IGNORED_REASON_MALFORMED, "not a value of its type"
    return None


def _cast(value: object) -> str | None:
    """Return what `(string) $value` is in PHP for a JSON value; None for objects and nested lists.

    The items of a list are joined by commas, which is how one text holds several items.
    """
    match value:
        case None | bool():
            return "1" if value else ""
        case str():
            return value
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case list():
            items = [None if isinstance(item, list) else _cast(item) for item in value]
            given = [item for item in items if item is not None]
            return ",".join(given) if len(given) == len(items) else None
    return None


def version(text: str, precision: int) -> str:
    """Return the first `precision` components of a version, or `other` if none is left."""
    if text.startswith("5.5.5-") and "mariadb" in text.lower():
        text = text.removeprefix("5.5.5-")  # which old replicas put in front
    if prefix := _CORE_PREFIX.match(text):
        text = text[prefix.end() :]
    if text[:1] in {"v", "V"}:
        text = text[1:]
    components: list[str] = []
    leading = re.match(r"[0-9.]*", text, re.ASCII)
    # An `x` is neither digit nor dot, so a component `x` ends the version too.
    for component in (leading[0] if leading else "").split("."):
        if not component or len(component) > _COMPONENT_DIGITS or len(components) == precision:
            break
        components.append(component)
    return ".".join(components) or OTHER


def product(key: Key, text: str) -> tuple[str, str]:
    """Return the name and version of a product.

    Examples are `("MariaDB", "10.3")`, `("other", "")` and `("nginx", "")`.
    """
    spellings = _spellings(key)
    name, release = _name_first(spellings, text)
    if name is None and text[:1].isdigit():
        name, release = _version_first(key, spellings, text), text
    if name is None:
        # The version of a product that nobody declared would reveal the product.
        return OTHER, ""
    precision = key.declaration.precision
    cut = version(release, precision) if precision else OTHER
    return name, "" if cut == OTHER else cut


def _spellings(key: Key) -> dict[str, str]:
    """Return declared values by each of their spellings, the longest spelling first."""
    spellings = {text: text for text in key.values.values()}
    spellings |= {alias.reported: alias.value for alias in key.declaration.aliases}
    return dict(sorted(spellings.items(), key=lambda item: -len(item[0])))


def _name_first(spellings: Mapping[str, str], text: str) -> tuple[str | None, str]:
    """Return the product and the rest of `MariaDB 10.11.19` or `Apache/2.4.57 (Debian)`."""
    for spelling, name in spellings.items():
        rest = text[len(spelling) :]
        if text.startswith(spelling) and (not rest or rest[0] in _BEHIND_NAME):
            return name, rest.lstrip(_BEHIND_NAME)
    return None, ""


def _version_first(key: Key, spellings: Mapping[str, str], text: str) -> str | None:
    """Return the product of `10.3.38-MariaDB-1`, `8.0.mysql_aurora.3.04` or a bare version.

    A bare version belongs to the product that the key was named after. For example,
    `mysql_version` was named after MySQL before it asked for others too.
    """
    for spelling, name in spellings.items():
        if re.search(rf"(?<![^\W_]){re.escape(spelling)}(?![^\W_])", text, re.IGNORECASE):
            return name
    named_after = key.name.removesuffix("_version")
    declared = (name for name in key.values.values() if name.lower() == named_after)
    return next(declared, None)


# The fields of a key's message are known only at run time, so they are Any below.


def _boolean(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    aliases = {alias.reported: alias.value for alias in key.declaration.aliases}
    value = _BOOLEANS.get(aliases.get(text, text).lower())
    if value is not None:
        answer.value = value
    return value is not None


def _choice(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    answer.value = _number(key, text)
    return True


def _version(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    answer.value = version(text, max(key.declaration.precision, 1))
    return True


def _product(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    name, answer.version = product(key, text)
    answer.value = _number(key, name)
    return True


def _count(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    if not (text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS):
        return False
    buckets = key.declaration.buckets
    place = bisect_right(buckets, int(text))
    answer.value = buckets[place - 1] if place else 0
    return True


def _list(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    items = {item.strip() for item in text.split(",") if item.strip()}
    if key.catalogue:
        aliases = {alias.reported: alias.value for alias in key.declaration.aliases}
        named = {aliases.get(item, item) for item in items}
        found: set[Any] = {item if item in key.catalogue else OTHER for item in named}
    else:
        found = {_number(key, item) for item in items}
    answer.values.extend(sorted(found)[: key.declaration.max_items])
    return True


def _text(_key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    text = " ".join(text.split())
    if len(text) > MAX_TEXT or not text.isprintable():
        return False
    answer.value = text
    return True


_FILLERS: dict[int, Callable[[Key, str, Any], bool]] = {
    options_pb2.KEY_TYPE_BOOLEAN: _boolean,
    options_pb2.KEY_TYPE_CHOICE: _choice,
    options_pb2.KEY_TYPE_VERSION: _version,
    options_pb2.KEY_TYPE_PRODUCT: _product,
    options_pb2.KEY_TYPE_COUNT: _count,
    options_pb2.KEY_TYPE_LIST: _list,
    options_pb2.KEY_TYPE_TEXT: _text,
}


def _number(key: Key, text: str) -> int:
    """Return the permanent number of a declared value, in any of its spellings."""
    name = _spellings(key).get(text)
    return next((n for n, value in key.values.items() if value == name), ENUM_OTHER)
