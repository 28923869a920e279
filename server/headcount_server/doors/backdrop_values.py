"""What Backdrop sites and `bee` send, brought to the types that keys declare.

Every value comes as a text that was made for people: `Yes`, `WINNT`,
`10.3.38-MariaDB-0ubuntu0.20.04.1`. What a closed set does not contain
becomes `other` here, versions are cut, numbers become ranges, so that nothing
goes further in than a generated client would have sent. A text that says
nothing answers nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from headcount.v1 import options_pb2

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
"""Characters of a value that Backdrop's own server keeps; longer ones say nothing."""

_CORE_PREFIX = re.compile(r"[0-9]+\.x-", re.ASCII)
_BEHIND_NAME = " \t/-(:"  # what may stand between a product and its version
_BOOLEANS = {
    **dict.fromkeys(("yes", "true", "on", "enabled", "1"), True),
    **dict.fromkeys(("no", "false", "off", "disabled", "0"), False),
}
_COMPONENT_DIGITS = 9
_COUNT_DIGITS = 18


def report(project: Project, told: Mapping[str, object]) -> tuple[bytes, tuple[Ignored, ...]]:
    """The serialized report that these texts make, and the keys that it leaves out."""
    made = project.report_class()
    keys = {key.name: key for key in project.keys.values()}
    fields = project.report_class.DESCRIPTOR.fields_by_number
    left_out: list[Ignored] = []
    for name, value in told.items():
        key = keys.get(name)
        if key is None:
            violation = Violation("key", "not declared")
            left_out.append(Ignored("", 0, Reason.IGNORED_REASON_UNKNOWN, violation))
        elif not isinstance(value, str):
            left_out.append(_malformed(key, "not a text"))
        elif len(value) > LONGEST:
            violation = Violation(name, f"{len(value)} characters, at most {LONGEST}")
            reason = Reason.IGNORED_REASON_OUT_OF_BOUNDS
            left_out.append(Ignored(name, key.number, reason, violation))
        elif value.strip():
            answer = getattr(made, fields[key.number].name)
            if _FILLERS[key.declaration.type](key, value.strip(), answer):
                answer.SetInParent()
            else:
                left_out.append(_malformed(key, "not a value of its type"))
    return made.SerializeToString(deterministic=True), tuple(left_out[:MAX_IGNORED])


def version(text: str, precision: int) -> str:
    """The first `precision` components of a version, or `other` where none is left."""
    if text.startswith("5.5.5-") and "mariadb" in text.lower():
        text = text.removeprefix("5.5.5-")  # for replicas of long ago
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
    """Name and version of a product: `("MariaDB", "10.3")`, `("other", "")`, `("nginx", "")`."""
    spellings = _spellings(key)
    name, release = _name_first(spellings, text)
    if name is None and text[:1].isdigit():
        name, release = _version_first(key, spellings, text), text
    if name is None:
        # The version of a product that nobody declared would tell which it is.
        return OTHER, ""
    precision = key.declaration.precision
    cut = version(release, precision) if precision else OTHER
    return name, "" if cut == OTHER else cut


def _spellings(key: Key) -> dict[str, str]:
    """Declared values by each of their spellings, the longest spelling first."""
    spellings = {text: text for text in key.values.values()}
    spellings |= {alias.reported: alias.value for alias in key.declaration.aliases}
    return dict(sorted(spellings.items(), key=lambda item: -len(item[0])))


def _name_first(spellings: Mapping[str, str], text: str) -> tuple[str | None, str]:
    """`MariaDB 10.11.19`, `Apache/2.4.57 (Debian)`."""
    for spelling, name in spellings.items():
        rest = text[len(spelling) :]
        if text.startswith(spelling) and (not rest or rest[0] in _BEHIND_NAME):
            return name, rest.lstrip(_BEHIND_NAME)
    return None, ""


def _version_first(key: Key, spellings: Mapping[str, str], text: str) -> str | None:
    """`10.3.38-MariaDB-1`, `8.0.mysql_aurora.3.04`, and bare versions.

    A bare version is one of the product that the key was named after, as
    `mysql_version` was after MySQL, before it asked for others too.
    """
    for spelling, name in spellings.items():
        if re.search(rf"(?<![^\W_]){re.escape(spelling)}(?![^\W_])", text, re.IGNORECASE):
            return name
    named_after = key.name.removesuffix("_version")
    declared = (name for name in key.values.values() if name.lower() == named_after)
    return next(declared, None)


# The fields of a key's message are known only at run time, hence Any below.


def _boolean(key: Key, text: str, answer: Any) -> bool:  # noqa: ANN401
    meant = {alias.reported: alias.value for alias in key.declaration.aliases}.get(text, text)
    value = _BOOLEANS.get(meant.lower())
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
    """The permanent number of a declared value, in any of its spellings."""
    name = _spellings(key).get(text)
    return next((n for n, value in key.values.items() if value == name), ENUM_OTHER)


def _malformed(key: Key, description: str) -> Ignored:
    violation = Violation(key.name, description)
    return Ignored(key.name, key.number, Reason.IGNORED_REASON_MALFORMED, violation)
