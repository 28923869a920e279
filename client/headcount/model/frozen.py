"""The base of all values in this package.

Values are compared by their parts and cannot be changed. This stands in for
`dataclasses`, whose import alone would cost a host more than all of ours.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from typing import Self


class Frozen:
    """A value: a subclass names its parts in `__slots__` and fills them once."""

    __slots__: tuple[str, ...] = ()

    def _fill(self, **parts: object) -> None:
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def parts(self) -> dict[str, object]:
        """All parts by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def replaced(self, **changes: object) -> Self:
        """The same value with some parts exchanged."""
        twin = object.__new__(type(self))
        twin._fill(**{**self.parts(), **changes})
        return twin

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; {name!r} stays as it is")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; {name!r} stays as it is")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.parts() == other.parts()

    def __hash__(self) -> int:
        return hash((type(self), *self.parts().values()))

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={part!r}" for name, part in self.parts().items())
        return f"{type(self).__name__}({parts})"


def plain(value: object) -> object:
    """A value as JSON knows it: its parts by name, tuples as lists."""
    if isinstance(value, Frozen):
        return {name: plain(part) for name, part in value.parts().items()}
    if hasattr(value, "items"):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(part) for part in value]
    return value
