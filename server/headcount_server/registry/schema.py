"""The registry in the server: one immutable snapshot of a descriptor set.

Nothing about a project is compiled in. The snapshot holds the pool for dynamic
messages and reflection, and the declarations, which it reads from the custom options
of the generated messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message,
    message_factory,
)
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

# Importing options_pb2 registers the extensions. Without it the options of a parsed set
# read back empty, without an error.
from headcount.v1 import options_pb2, telemetry_service_pb2

from headcount_server.errors import SchemaError

REPORT_PREFIX = "headcount.projects."
REPORT_SUFFIX = ".v1.Report"
MAX_BYTES = 64 << 20
"""Most bytes of a descriptor set; a set of a thousand keys has less than one MiB."""

# protoc types extensions as field descriptors, which Extensions[] is not typed to take.
_PROJECT: Any = options_pb2.project
_KEY: Any = options_pb2.key
_TEXT: Any = options_pb2.text

_FIELD = descriptor_pb2.FieldDescriptorProto
_WORDS = {
    _FIELD.TYPE_BOOL: "bool",
    _FIELD.TYPE_ENUM: "enum",
    _FIELD.TYPE_INT64: "int64",
    _FIELD.TYPE_STRING: "string",
}
# The fields that a key's message has by the key's type; `answers` relies on them.
_SHAPES: dict[int, tuple[set[str], ...]] = {
    options_pb2.KEY_TYPE_BOOLEAN: ({"optional bool value"},),
    options_pb2.KEY_TYPE_CHOICE: ({"enum value"},),
    options_pb2.KEY_TYPE_VERSION: ({"string value"},),
    options_pb2.KEY_TYPE_PRODUCT: ({"enum value", "string version"},),
    options_pb2.KEY_TYPE_COUNT: ({"optional int64 value"},),
    options_pb2.KEY_TYPE_LIST: ({"repeated enum values"}, {"repeated string values"}),
    options_pb2.KEY_TYPE_TEXT: ({"string value"},),
}

_OWN_FILES = (
    descriptor_pb2.DESCRIPTOR,
    any_pb2.DESCRIPTOR,
    duration_pb2.DESCRIPTOR,
    options_pb2.DESCRIPTOR,
    telemetry_service_pb2.DESCRIPTOR,
    health_pb2.DESCRIPTOR,
    reflection_pb2.DESCRIPTOR,
    status_pb2.DESCRIPTOR,
    error_details_pb2.DESCRIPTOR,
)


@dataclass(frozen=True, slots=True)
class Key:
    """A declared key with everything that the server needs to judge an answer."""

    number: int
    """Permanent number: the field of the project's report."""
    declaration: options_pb2.KeyOptions
    """The key's declaration."""
    values: Mapping[int, str]
    """Declared values by their permanent numbers, without `other`."""
    catalogue: frozenset[str]
    """Allowed items of a catalogue; empty for other keys."""
    expires: date | None
    """Day from which the key is no longer counted."""
    language: str = ""
    """Language of the declaration; empty for English."""

    @property
    def name(self) -> str:
        """The key's name."""
        return self.declaration.name

    @property
    def crossed(self) -> bool:
        """Whether the key is counted per release of the project."""
        return bool(self.declaration.by)


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its declaration, its keys, and the class of its reports."""

    declaration: options_pb2.ProjectOptions
    keys: Mapping[int, Key]
    """Keys by number."""
    version_key: int
    """Number of the implied key `version`; 0 if the registry has none."""
    report_class: type[message.Message]

    @property
    def name(self) -> str:
        """The project's name."""
        return self.declaration.name


@dataclass(frozen=True, slots=True)
class Schema:
    """Everything that the server knows about reports: projects, keys and types."""

    projects: Mapping[str, Project]
    """Projects by name, sorted."""
    pool: descriptor_pool.DescriptorPool
    """Types of reports, service, health, reflection and error details."""
    data: bytes = member(default=b"", repr=False)
    """The serialized descriptor set from which it was read."""

    def digests(self) -> dict[str, str]:
        """Return the registry digest of each project."""
        return {name: project.declaration.digest for name, project in self.projects.items()}


def load(path: Path) -> Schema:
    """Return the schema in a file written by `headcount-registry build`.

    Raises SchemaError if the file is missing, is not a descriptor set, or declares
    no project.
    """
    try:
        with path.open("rb") as file:
            # A device such as /dev/zero would fill the memory.
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            msg = f"more than {MAX_BYTES >> 20} MiB, which no registry has"
            raise SchemaError(msg)  # noqa: TRY301 - reported like the others, with its file
        return parse(data)
    except OSError as error:
        msg = f"{path}: {error.strerror}; make it with headcount-registry build"
        raise SchemaError(msg) from error
    except SchemaError as error:
        msg = f"{path}: {error}; make it with headcount-registry build"
        raise SchemaError(msg) from error


def parse(data: bytes) -> Schema:
    """Return the schema in a serialized `FileDescriptorSet`, imports included."""
    files = descriptor_pb2.FileDescriptorSet()
    try:
        files.ParseFromString(data)
        pool = _pool(files.file)
        projects = sorted(
            (_project(file, pool) for file in files.file if file.package.startswith(REPORT_PREFIX)),
            key=lambda project: project.name,
        )
    except (message.DecodeError, KeyError, TypeError, ValueError) as error:
        msg = f"not a usable descriptor set ({error})"
        raise SchemaError(msg) from error
    if not projects:
        msg = "the descriptor set declares no project"
        raise SchemaError(msg)
    return Schema(MappingProxyType({project.name: project for project in projects}), pool, data)


def project_name(type_url: str) -> str | None:
    """Return the project whose report a type URL names; None if it names none."""
    full_name = type_url.rpartition("/")[2]
    if not (full_name.startswith(REPORT_PREFIX) and full_name.endswith(REPORT_SUFFIX)):
        return None
    return full_name[len(REPORT_PREFIX) : -len(REPORT_SUFFIX)]


def _pool(files: Iterable[descriptor_pb2.FileDescriptorProto]) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    known = set()
    own = [descriptor_pb2.FileDescriptorProto.FromString(f.serialized_pb) for f in _OWN_FILES]
    for file in (*own, _reflection_v1(), *files):
        if file.name not in known:
            known.add(file.name)
            pool.Add(file)
    return pool


def _reflection_v1() -> descriptor_pb2.FileDescriptorProto:
    """Return grpc.reflection.v1, which grpcio does not ship: v1alpha under its later name."""
    file = descriptor_pb2.FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
    file.name = "grpc/reflection/v1/reflection.proto"
    file.package = "grpc.reflection.v1"
    for message_type in file.message_type:
        for field in message_type.field:
            if field.type_name:
                field.type_name = field.type_name.replace(".v1alpha.", ".v1.")
    for method in file.service[0].method:
        method.input_type = method.input_type.replace(".v1alpha.", ".v1.")
        method.output_type = method.output_type.replace(".v1alpha.", ".v1.")
    return file


def _project(
    file: descriptor_pb2.FileDescriptorProto, pool: descriptor_pool.DescriptorPool
) -> Project:
    messages = {m.name: m for m in file.message_type}
    report = messages.get("Report")
    if report is None or not report.options.HasExtension(_PROJECT):
        msg = f"{file.name} has no report with the option (headcount.v1.project)"
        raise SchemaError(msg)
    declaration: options_pb2.ProjectOptions = report.options.Extensions[_PROJECT]
    if file.package != f"{REPORT_PREFIX}{declaration.name}.v1":
        msg = f"{file.name} declares project `{declaration.name}` in package {file.package}"
        raise SchemaError(msg)
    keys = {}
    for field in sorted(report.field, key=lambda field: field.number):
        key_message = messages.get(field.type_name.removeprefix(f".{file.package}."))
        if key_message is None:
            msg = f"{file.name}: `{field.name}` of the report is no message of this file"
            raise SchemaError(msg)
        keys[field.number] = _key(field.number, key_message, declaration.language)
    descriptor = pool.FindMessageTypeByName(f"{file.package}.Report")
    return Project(
        declaration=declaration,
        keys=MappingProxyType(keys),
        version_key=next((n for n, key in keys.items() if key.name == "version"), 0),
        report_class=message_factory.GetMessageClass(descriptor),
    )


def _key(number: int, key_message: descriptor_pb2.DescriptorProto, language: str) -> Key:
    declaration: options_pb2.KeyOptions = key_message.options.Extensions[_KEY]
    if _shape(key_message) not in _SHAPES.get(declaration.type, ()):
        msg = f"message {key_message.name} (key `{declaration.name}`) is not of a known type"
        raise SchemaError(msg)
    if declaration.by and (
        declaration.type == options_pb2.KEY_TYPE_LIST or declaration.name == "version"
    ):
        msg = (
            f"key `{declaration.name}` has `by`, which goes with single-valued keys other than"
            " `version` alone"
        )
        raise SchemaError(msg)
    values: dict[int, str] = {
        value.number: value.options.Extensions[_TEXT]
        for enum in key_message.enum_type
        for value in enum.value
        if value.options.HasExtension(_TEXT)
    }
    return Key(
        number=number,
        declaration=declaration,
        values=MappingProxyType(values),
        catalogue=frozenset(declaration.catalogue),
        expires=_expires(declaration),
        language=language,
    )


def _shape(key_message: descriptor_pb2.DescriptorProto) -> set[str]:
    shape = set()
    for field in key_message.field:
        words = [_WORDS.get(field.type, "?"), field.name]
        if field.proto3_optional:
            words.insert(0, "optional")
        elif field.label == _FIELD.LABEL_REPEATED:
            words.insert(0, "repeated")
        shape.add(" ".join(words))
    return shape


def _expires(declaration: options_pb2.KeyOptions) -> date | None:
    try:
        return date.fromisoformat(declaration.expires) if declaration.expires else None
    except ValueError as error:
        msg = f"key `{declaration.name}` expires on `{declaration.expires}`, which is no date"
        raise SchemaError(msg) from error
