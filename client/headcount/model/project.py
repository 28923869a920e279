"""A project and its keys, as its generated package states them.

Plain data: everything that consent, preview and the question "is anything
due?" need, without protobuf. The schema is loaded only for a report.
"""

from __future__ import annotations

from types import MappingProxyType

from headcount.model.frozen import Frozen

TYPE_CHECKING = False  # `typing` itself is too dear for the host's start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TYPES = ("boolean", "choice", "version", "product", "count", "list", "text")
"""Kinds of value, as declarations name them."""

LEVELS = ("basic", "extended")
"""Consent levels, each containing those before it."""

ASK_FIRST = "ask_first"
"""Mode of a project that sends nothing until somebody says yes."""

ON_AFTER_NOTICE = "on_after_notice"
"""Mode of a project that sends from 24 hours after a clear notice, until somebody says no."""

_NOTHING: Mapping[str, int] = MappingProxyType({})
_NO_ALIASES: Mapping[str, str] = MappingProxyType({})


class Key(Frozen):
    """One declared key.

    `values` maps declared texts to their permanent enum numbers (from 2; 0 is
    unspecified, 1 is other); `aliases` maps other spellings to declared texts;
    `buckets` are the bounds b1 < b2 < …; `precision` counts version components.
    """

    __slots__ = (
        "aliases",
        "buckets",
        "by",
        "catalogue",
        "description",
        "expires",
        "formerly",
        "issue",
        "label",
        "level",
        "max_items",
        "name",
        "number",
        "owner",
        "precision",
        "purpose",
        "since",
        "type",
        "values",
    )  # fmt: skip

    name: str
    number: int
    label: str
    description: str
    purpose: str
    issue: str
    type: str
    level: str
    values: Mapping[str, int]
    aliases: Mapping[str, str]
    catalogue: frozenset[str]
    precision: int
    buckets: tuple[int, ...]
    max_items: int
    by: tuple[str, ...]
    since: str
    expires: str
    owner: str
    formerly: str

    def __init__(  # noqa: PLR0913 - a declaration has that many attributes
        self,
        *,
        name: str,
        number: int,
        label: str,
        description: str,
        purpose: str,
        issue: str,
        type: str,  # noqa: A002 - the declaration's own word
        level: str,
        values: Mapping[str, int] = _NOTHING,
        aliases: Mapping[str, str] = _NO_ALIASES,
        catalogue: tuple[str, ...] = (),
        precision: int = 0,
        buckets: tuple[int, ...] = (),
        max_items: int = 0,
        by: tuple[str, ...] = (),
        since: str = "",
        expires: str = "",
        owner: str = "",
        formerly: str = "",
    ) -> None:
        if type not in TYPES:
            raise ValueError(f"key {name}: type {type!r} is none of {', '.join(TYPES)}")
        if level not in LEVELS:
            raise ValueError(f"key {name}: level {level!r} is none of {', '.join(LEVELS)}")
        self._fill(
            name=name, number=number, label=label, description=description, purpose=purpose,
            issue=issue, type=type, level=level, values=MappingProxyType(dict(values)),
            aliases=MappingProxyType(dict(aliases)), catalogue=frozenset(catalogue),
            precision=precision, buckets=tuple(buckets), max_items=max_items, by=tuple(by),
            since=since, expires=expires, owner=owner, formerly=formerly,
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.name, self.number))


class Project(Frozen):
    """A project that counts its installations, with its keys sorted by number.

    `schema` returns the serialized FileDescriptorProto that declares
    `headcount.projects.<name>.v1.Report`. Two projects are the same only if
    they are one object: a parsed schema belongs to each.
    """

    __slots__ = (
        "consent_digest",
        "contact",
        "digest",
        "endpoint",
        "homepage",
        "keys",
        "mode",
        "name",
        "recipient",
        "schema",
        "title",
    )  # fmt: skip

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

    def __init__(  # noqa: PLR0913 - a declaration has that many attributes
        self,
        *,
        name: str,
        title: str,
        homepage: str,
        recipient: str,
        contact: str,
        endpoint: str,
        mode: str,
        digest: str,
        consent_digest: str,
        keys: tuple[Key, ...],
        schema: Callable[[], bytes],
    ) -> None:
        if mode not in {ASK_FIRST, ON_AFTER_NOTICE}:
            raise ValueError(
                f"project {name}: mode {mode!r} is neither ask_first nor on_after_notice"
            )
        self._fill(
            name=name, title=title, homepage=homepage, recipient=recipient, contact=contact,
            endpoint=endpoint, mode=mode, digest=digest, consent_digest=consent_digest,
            keys=tuple(sorted(keys, key=lambda key: key.number)), schema=schema,
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Project({self.name!r}, {len(self.keys)} keys)"
