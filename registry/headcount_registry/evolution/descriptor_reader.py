"""The way back from a build: the registry in the options of a descriptor set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

# Import this before any set is parsed: options of unknown extensions would read back empty.
from headcount.v1 import options_pb2

from headcount_registry.declarations.attributes import ABOUT_TRANSLATED, TRANSLATED
from headcount_registry.declarations.model import (
    SOURCE_LANGUAGE,
    Convention,
    Key,
    KeyType,
    Level,
    Mode,
    Project,
    Registry,
    Retired,
    Translation,
    Value,
)
from headcount_registry.errors import SourceError
from headcount_registry.findings import Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_OURS = "headcount.projects."
# protoc types extensions as field descriptors, but Extensions[] is not typed to take these.
_PROJECT: Any = options_pb2.project
_KEY: Any = options_pb2.key
_TEXT: Any = options_pb2.text


def read_registry(data: bytes, origin: str) -> Registry:
    """Return the registry that a descriptor set (or an image of buf) carries in its options.

    Raises `SourceError` if the bytes are no descriptor set, or hold no project.
    """
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(data)
    except DecodeError as error:
        raise SourceError(f"{origin}: no descriptor set; give what `build` wrote") from error
    found = (_project(file) for file in files.file if file.package.startswith(_OURS))
    projects = sorted((each for each in found if each), key=lambda project: project.name)
    if not projects:
        raise SourceError(f"{origin}: holds no project; give a registry.binpb that `build` wrote")
    return Registry(tuple(projects))


def _project(file: descriptor_pb2.FileDescriptorProto) -> Project | None:
    messages = {message.name: message for message in file.message_type}
    report = messages.get("Report")
    if report is None:
        return None
    about: options_pb2.ProjectOptions = report.options.Extensions[_PROJECT]
    return Project(
        name=about.name,
        title=about.title,
        homepage=about.homepage,
        recipient=about.recipient,
        contact=about.contact,
        endpoint=about.endpoint,
        mode=Mode(_word(options_pb2.ConsentMode.Name(about.mode), "CONSENT_MODE_")),
        keys=tuple(
            _key(field, messages[field.type_name.rpartition(".")[2]]) for field in report.field
        ),
        retired=_reserved(report),
        ignored=tuple(about.ignored),
        language=about.language or SOURCE_LANGUAGE,
        translations=_translations(about.translations, ABOUT_TRANSLATED),
        digest=about.digest,
        consent_digest=about.consent_digest,
        relay=about.relay,
        oblivious_key=about.oblivious_key,
    )


def _key(
    field: descriptor_pb2.FieldDescriptorProto, message: descriptor_pb2.DescriptorProto
) -> Key:
    key: options_pb2.KeyOptions = message.options.Extensions[_KEY]
    enum = message.enum_type[0] if message.enum_type else descriptor_pb2.EnumDescriptorProto()
    return Key(
        name=key.name,
        field=field.name,
        label=key.label,
        description=key.description,
        purpose=key.purpose,
        issue=key.issue,
        type=KeyType(_word(options_pb2.KeyType.Name(key.type), "KEY_TYPE_")),
        level=Level(_word(options_pb2.Level.Name(key.level), "LEVEL_")),
        location=Location(""),
        number=field.number,
        values=tuple(
            Value(value.options.Extensions[_TEXT], value.name, value.number)
            for value in enum.value
            if value.options.HasExtension(_TEXT)
        ),
        retired_values=_reserved(enum),
        aliases=tuple((each.reported, each.value) for each in key.aliases),
        catalogue=tuple(key.catalogue),
        precision=key.precision,
        buckets=tuple(key.buckets),
        max_items=key.max_items,
        by=tuple(key.by),
        threshold=key.threshold,
        since=key.since,
        expires=key.expires,
        review=key.review,
        owner=key.owner,
        formerly=key.formerly,
        successor=key.successor,
        convention=Convention(key.convention.name, key.convention.version)
        if key.HasField("convention")
        else None,
        translations=_translations(key.translations, TRANSLATED),
    )


def _translations(
    found: Iterable[options_pb2.KeyTranslation] | Iterable[options_pb2.ProjectTranslation],
    names: Sequence[str],
) -> tuple[Translation, ...]:
    return tuple(
        Translation(
            each.language,
            tuple((name, text) for name in sorted(names) if (text := getattr(each, name))),
        )
        for each in found
    )


def _reserved(
    described: descriptor_pb2.DescriptorProto | descriptor_pb2.EnumDescriptorProto,
) -> tuple[Retired, ...]:
    """Return pairs of number and name, in the order in which the emitter wrote them."""
    starts = [each.start for each in described.reserved_range]
    return tuple(map(Retired, described.reserved_name, starts))


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
