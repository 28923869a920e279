"""The step from a draft without errors to the model, before numbers and digests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from headcount_registry.declarations import names
from headcount_registry.declarations.attributes import (
    DEFAULT_MAX_ITEMS,
    DEFAULT_PRECISION,
    RENAMED,
    VERSIONED,
)
from headcount_registry.declarations.model import (
    SOURCE_LANGUAGE,
    VERSION,
    Key,
    KeyType,
    Level,
    Mode,
    Project,
    Registry,
    Translation,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headcount_registry.declarations.draft import Draft, KeyDraft, ProjectDraft, Statement


def resolve(draft: Draft) -> Registry:
    """Return the model of a draft without errors."""
    return Registry(tuple(_project(project) for project in draft.projects))


def _project(draft: ProjectDraft) -> Project:
    title = draft.text("title") or draft.info_name or draft.name
    keys = {key.name: _key(key, draft.text("owner")) for key in draft.keys}
    keys[VERSION] = _version(title, draft, keys.get(VERSION))
    return Project(
        name=draft.name,
        title=title,
        homepage=draft.text("homepage"),
        recipient=draft.text("recipient"),
        contact=draft.text("contact"),
        endpoint=draft.text("endpoint"),
        mode=Mode(draft.text("mode", Mode.ASK_FIRST)),
        keys=tuple(keys[name] for name in sorted(keys)),
        ignored=tuple(sorted({each.text for each in draft.items("ignored")})),
        relay=draft.text("relay"),
        oblivious_key=draft.text("oblivious_key"),
        language=draft.text("language", SOURCE_LANGUAGE),
        translations=_translations(draft.translations),
    )


def _version(title: str, draft: ProjectDraft, declared: Key | None) -> Key:
    """Return the implied key `version`, in the project's own words if there are any."""
    description = f"The installed release of {title}, cut to two components."
    purpose = "See which releases are in use and decide how long each is supported."
    if declared:
        return replace(
            declared,
            label=declared.label if declared.label != VERSION else "Release",
            description=declared.description or description,
            purpose=declared.purpose or purpose,
        )
    return Key(
        name=VERSION,
        field=VERSION,
        label="Release",
        description=description,
        purpose=purpose,
        issue="",
        type=KeyType.VERSION,
        level=Level.BASIC,
        precision=DEFAULT_PRECISION,
        location=draft.named_at,
    )


def _key(draft: KeyDraft, owner: str) -> Key:
    kind = KeyType(draft.type)
    precision = draft.text("precision", str(DEFAULT_PRECISION)) if kind in VERSIONED else "0"
    limit = draft.text("max_items", str(DEFAULT_MAX_ITEMS)) if kind is KeyType.LIST else "0"
    return Key(
        name=draft.name,
        field=draft.name,
        label=draft.shorthand.text if draft.shorthand else draft.text("label", draft.name),
        description=draft.text("description"),
        purpose=draft.text("purpose"),
        issue=draft.text("issue"),
        type=kind,
        level=Level(draft.text("level", Level.BASIC)),
        location=draft.location,
        values=tuple(Value(text, names.identifier(text)) for text in draft.values),
        aliases=tuple(sorted((each.path[1], each.text) for each in draft.items("aliases"))),
        catalogue=tuple(sorted(item for _, item in draft.catalogue_items)),
        precision=int(precision),
        buckets=tuple(int(each.text) for each in draft.items("buckets")),
        max_items=int(limit),
        by=tuple(each.text for each in draft.items("by")),
        threshold=int(draft.text("threshold", "0")),
        since=draft.text("since"),
        expires=draft.text("expires"),
        review=draft.text("review"),
        owner=draft.text("owner", owner),
        formerly=draft.text("formerly"),
        successor=draft.text("deprecated").removeprefix(RENAMED),
        convention=draft.convention,
        translations=_translations(draft.translations),
    )


def _translations(statements: Iterable[Statement]) -> tuple[Translation, ...]:
    texts = {(each.path[1], each.path[2]): each.text for each in statements}
    return tuple(
        Translation(
            language,
            tuple(sorted((name, text) for (at, name), text in texts.items() if at == language)),
        )
        for language in sorted({language for language, _ in texts})
    )
