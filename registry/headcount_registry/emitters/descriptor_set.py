"""The descriptor set, which protoc compiles from `.proto` texts after checking them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import any_pb2, descriptor_pb2, duration_pb2

# Import this before any set is parsed: options of unknown extensions would read back empty.
from headcount.v1 import options_pb2, telemetry_service_pb2

from headcount_registry.errors import CompileError

if TYPE_CHECKING:
    from collections.abc import Mapping


def compile_set(protos: Mapping[str, str]) -> bytes:
    """Return the serialized `FileDescriptorSet` of some files, the service, and all imports.

    With the service in it, this one file is enough to call a server that has no reflection.
    Paths are relative to the root of generated files. No source information is included, and
    equal texts give equal bytes. Raises `CompileError` with protoc's own words.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="headcount-registry-") as place:
            return _compile(protos, Path(place))
    except OSError as error:
        raise CompileError(
            f"{error.filename}: cannot be written: {error.strerror}; make room for temporary"
            " files, or set TMPDIR to a place that has it"
        ) from error


def _compile(protos: Mapping[str, str], root: Path) -> bytes:
    # protoc sees each file under its later path: making all their folders
    # would take longer than compiling.
    shown = []
    for count, (path, text) in enumerate(sorted(protos.items())):
        file = root / f"{count}.proto"
        file.write_text(text, encoding="utf-8", newline="\n")
        shown.append(f"--proto_path={path}={file}")
    (root / "known.binpb").write_bytes(_known().SerializeToString(deterministic=True))
    compiled = [*sorted(protos), telemetry_service_pb2.DESCRIPTOR.name]
    (root / "arguments").write_text("\n".join([*shown, *compiled]), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "grpc_tools.protoc"),
        f"--descriptor_set_in={root / 'known.binpb'}",
        f"--descriptor_set_out={root / 'registry.binpb'}",
        "--include_imports",
        f"@{root / 'arguments'}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise CompileError(
            "protoc refused the generated files, which is a defect of headcount-registry:\n"
            + done.stderr.strip()
        )
    return (root / "registry.binpb").read_bytes()


def wire_schemas(descriptor_set: bytes) -> dict[str, bytes]:
    """Return, for each generated file, its serialized descriptor for a host's private pool.

    They have no options, so they do not import `headcount/v1/options.proto`: a host needs the
    shape of a report, not its explanations.
    """
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    schemas = {}
    for file in files.file:
        if file.package.startswith("headcount.projects."):
            file.ClearField("dependency")
            for message in file.message_type:
                _strip(message)
            schemas[file.name] = file.SerializeToString(deterministic=True)
    return schemas


def _strip(message: descriptor_pb2.DescriptorProto) -> None:
    message.ClearField("options")
    for enum in message.enum_type:
        for value in enum.value:
            value.ClearField("options")


def _known() -> descriptor_pb2.FileDescriptorSet:
    """Return the service and the files that generated ones import, from installed packages."""
    known = descriptor_pb2.FileDescriptorSet()
    for file in (
        *(descriptor_pb2.DESCRIPTOR, any_pb2.DESCRIPTOR, duration_pb2.DESCRIPTOR),
        *(options_pb2.DESCRIPTOR, telemetry_service_pb2.DESCRIPTOR),
    ):
        known.file.append(descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb))
    return known
