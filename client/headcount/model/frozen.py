"""The base of all values in this package.

A class spells each part of a value once, as an annotation, with its default if
it has one:

```
class Plan(Frozen):
    week: str
    tries: int = 0
```

`Plan(week="2026-W47")` then is a value. It is made by keyword, compared by its parts,
never changed, and can be copied and pickled. A class that checks or normalises its
parts does so in `__post_init__`. This replaces `dataclasses`, whose import alone would
take a host longer than all of this package. Type checkers treat it as a dataclass.
"""

from __future__ import annotations

from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_: bool) -> Callable[[type], type]:
        """Replace the decorator of that name, which only type checkers need."""
        return lambda kind: kind


NOTHING: Mapping[str, Any] = MappingProxyType({})
"""The default of a part that is a mapping."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Frozen:
    """A value: its parts are the annotations of its class."""

    _names: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, object]] = {}

    def __init_subclass__(cls) -> None:
        own = [name for name, kind in cls.__annotations__.items() if "ClassVar" not in kind]
        cls._names = tuple(sorted({*cls._names, *own}))
        cls._defaults = cls._defaults | {name: vars(cls)[name] for name in own if name in vars(cls)}

    def __init__(self, **parts: object) -> None:
        given = self._defaults | parts
        if odd := given.keys() ^ self._names:
            raise TypeError(
                f"{type(self).__name__} has the parts {', '.join(self._names)}; look at "
                f"{', '.join(sorted(odd))}"
            )
        self._fill(**given)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the parts, and normalise them by `_fill`."""

    def _fill(self, **parts: object) -> None:
        vars(self).update(parts)

    def parts(self) -> dict[str, Any]:
        """Return all parts by name, sorted: the order in which files hold them."""
        return {name: vars(self)[name] for name in self._names}

    def replaced(self, **changes: object) -> Self:
        """Return the same value with some parts exchanged."""
        return type(self)(**vars(self) | changes)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; {name!r} stays as it is")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; {name!r} stays as it is")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        # Mappings have no hash. Equal values have equal hashes without them, too.
        parts = (part for part in self.parts().values() if not hasattr(part, "items"))
        return hash((type(self), *parts))

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={_bare(part)!r}" for name, part in self.parts().items())
        return f"{type(self).__name__}({parts})"

    def __reduce__(self) -> tuple[object, ...]:
        # The copy is made by the constructor: nothing could fill it later, and a mapping
        # proxy, which `__post_init__` makes, can neither be pickled nor copied.
        return _made, (type(self), {name: _bare(part) for name, part in vars(self).items()})


def _bare(part: object) -> object:
    """Return a part without the proxy that keeps a mapping from being changed."""
    return dict(part) if isinstance(part, MappingProxyType) else part


def _made(kind: type[Frozen], parts: dict[str, object]) -> Frozen:
    return kind(**parts)


def plain(value: object) -> object:
    """Return a value as JSON knows it: its parts by name, tuples as lists."""
    if isinstance(value, Frozen):
        return {name: plain(part) for name, part in value.parts().items()}
    if hasattr(value, "items"):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(part) for part in value]
    return value
