"""Nested arrays of the `.info` grammar as JSON, in the form that PHP gives to its arrays.

An array whose keys are 0 to n-1 in order is a list, and so is an empty array. Any other
array is an object with its keys as texts. A file without pairs is an empty object. Arrays
may be nested to any depth, so no function here calls itself.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headcount_registry.reading.info import Scalar, Tree

_SURROGATE = re.compile("[\ud800-\udfff]")
_DEEPEST = 16
"""Number of indented levels; with more, the text could grow faster than its input."""


def text(tree: Tree) -> str:
    """Return a tree as JSON, indented by two spaces and ended by a line feed.

    Bytes that are no UTF-8 are written as escapes of the lone surrogates U+DC80 to U+DCFF.
    """
    if not tree:
        return "{}\n"
    return "".join(_pieces(tree)) + "\n"


def _pieces(tree: Tree) -> Iterator[str]:
    """Yield the text in pieces; the stack holds the rest of each array that is still open."""
    stack = [(iter(tree.items()), _is_list(tree))]
    yield "[" if _is_list(tree) else "{"
    first = True
    while stack:
        items, as_list = stack[-1]
        entry = next(items, None)
        if entry is None:
            stack.pop()
            yield _line(len(stack)) + ("]" if as_list else "}")
            first = False
            continue
        name, value = entry
        yield ("" if first else ",") + _line(len(stack))
        if not as_list:
            yield f"{_scalar(name)}: "
        first = isinstance(value, dict) and bool(value)
        if isinstance(value, dict) and value:
            nested_list = _is_list(value)
            stack.append((iter(value.items()), nested_list))
            yield "[" if nested_list else "{"
        else:
            yield "[]" if isinstance(value, dict) else _scalar(value)


def _is_list(tree: Tree) -> bool:
    return all(name == str(number) for number, name in enumerate(tree))


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, _DEEPEST)


def _scalar(value: Scalar) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)
