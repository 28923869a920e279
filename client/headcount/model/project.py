"""A project and its keys, as its generated package states them.

These are plain data, without protobuf: everything that consent, the preview and
`Client.due` need. The schema is loaded only for a report.
"""

from __future__ import annotations

from types import MappingProxyType

from headcount.model.frozen import NOTHING, Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TYPES = ("boolean", "choice", "version", "product", "count", "list", "text")
"""The types of keys, as declarations name them."""

LEVELS = ("basic", "extended")
"""The levels of consent; each contains those before it."""

ASK_FIRST = "ask_first"
"""The mode of a project that sends nothing until somebody says yes."""

ON_AFTER_NOTICE = "on_after_notice"
"""The mode of a project that sends from 24 hours after a notice until somebody says no."""


def _untranslated() -> Mapping[str, Mapping[str, str]]:
    return NOTHING


class Key(Frozen):
    """One declared key.

    `values` maps declared texts to their permanent enum numbers (from 2; 0 is
    unspecified, 1 is other); `aliases` maps other spellings to declared texts;
    `buckets` are the bounds b1 < b2 < …; `precision` counts version components. Smaller counts
    than `threshold` are not published; 0 leaves that to the server. `successor` names the key
    that replaces this one, and `convention` what it shares with keys of other projects, such as
    `common:php_version`.
    """

    name: str
    number: int
    label: str
    description: str
    purpose: str
    issue: str
    type: str
    level: str
    values: Mapping[str, int] = NOTHING
    aliases: Mapping[str, str] = NOTHING
    catalogue: frozenset[str] | tuple[str, ...] = ()
    precision: int = 0
    buckets: tuple[int, ...] = ()
    max_items: int = 0
    by: tuple[str, ...] = ()
    since: str = ""
    expires: str = ""
    owner: str = ""
    formerly: str = ""
    threshold: int = 0
    successor: str = ""
    convention: str = ""

    def __post_init__(self) -> None:
        for name, known in (("type", TYPES), ("level", LEVELS)):
            if (word := getattr(self, name)) not in known:
                raise ValueError(f"key {self.name}: {name} {word!r} is none of {', '.join(known)}")
        self._fill(
            values=MappingProxyType(dict(self.values)),
            aliases=MappingProxyType(dict(self.aliases)),
            catalogue=frozenset(self.catalogue),
            buckets=tuple(self.buckets),
            by=tuple(self.by),
        )


class Project(Frozen):
    """A project that counts its installations, with its keys sorted by number.

    `schema` returns the serialized FileDescriptorProto that declares
    `headcount.projects.<name>.v1.Report`. If there is a `relay`, everything goes through it,
    sealed to `oblivious_key` (see `transport.oblivious_key`), and nothing goes directly.
    `language` is that of the declarations (BCP 47). `translations` returns their words in other
    languages, by language, and then by `title`, `recipient`, `<key>.label`, `<key>.description`
    or `<key>.purpose`.
    """

    name: str
    title: str
    homepage: str
    recipient: str
    contact: str
    endpoint: str
    mode: str
    digest: str
    consent_digest: str
    keys: tuple[Key, ...]
    schema: Callable[[], bytes]
    relay: str = ""
    oblivious_key: str = ""
    language: str = "en"
    translations: Callable[[], Mapping[str, Mapping[str, str]]] = _untranslated

    def __post_init__(self) -> None:
        if self.mode not in {ASK_FIRST, ON_AFTER_NOTICE}:
            raise ValueError(
                f"project {self.name}: mode {self.mode!r} is neither ask_first nor on_after_notice"
            )
        self._fill(keys=tuple(sorted(self.keys, key=lambda key: key.number)))

    def __hash__(self) -> int:
        return hash((self.name, self.digest))  # the full representation would be long

    def __repr__(self) -> str:
        return f"Project({self.name!r}, {len(self.keys)} keys)"
