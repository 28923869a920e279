"""A project with one key of each type, written by hand in the generator's form."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2
from headcount import Client
from headcount.model.project import Key, Project
from headcount.testing import RecordingTransport
from headcount.transport.messages import Answer
from headcount.v1.telemetry_service_pb2 import GetRegistryResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DAY = 86_400
HOUR = 3_600
MONDAY = 1_794_787_200  # 2026-11-16 00:00 UTC, the first moment of 2026-W47

Recorder = RecordingTransport

_FIELD = descriptor_pb2.FieldDescriptorProto


def key(name: str, number: int, kind: str, **more: Any) -> Key:
    parts: dict[str, Any] = {
        "label": name.title(),
        "description": f"What {name} is.",
        "purpose": f"Decide about {name}.",
        "issue": f"https://example.org/issues/{number}",
        "level": "basic",
        **more,
    }
    return Key(name=name, number=number, type=kind, **parts)


KEYS = (
    key("version", 1, "version", precision=2),
    key("php_version", 2, "version", precision=2),
    key("web_server", 3, "product", values={"Apache": 2, "nginx": 3}, precision=2),
    key("server_os", 4, "choice", values={"Linux": 2, "Windows": 3}, aliases={"WINNT": "Windows"}),
    key("multisite", 5, "boolean"),
    key("users", 6, "count", buckets=(10, 100, 1000), level="extended"),
    key("modules", 7, "list", catalogue=("views", "webform"), max_items=3),
    key("layouts", 8, "list", values={"moscone": 2, "taylor": 3}),
    key("motto", 9, "text", level="extended"),
)


def schema(name: str, keys: tuple[Key, ...]) -> bytes:
    """Return the serialized descriptors of a project's `Report`."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"headcount/projects/{name}/v1/report.proto",
        package=f"headcount.projects.{name}.v1",
        syntax="proto3",
    )
    report = file.message_type.add(name="Report")
    for item in keys:
        title = "".join(part.title() for part in item.name.split("_"))
        report.field.add(
            name=item.name,
            number=item.number,
            label=_FIELD.LABEL_OPTIONAL,
            type=_FIELD.TYPE_MESSAGE,
            type_name=f".{file.package}.{title}",
        )
        _shape(file.message_type.add(name=title), item, f".{file.package}.{title}.Value")
    return file.SerializeToString(deterministic=True)


def _shape(message: descriptor_pb2.DescriptorProto, item: Key, enum: str) -> None:
    if item.values:
        values = message.enum_type.add(name="Value").value
        values.add(name="VALUE_UNSPECIFIED", number=0)
        values.add(name="VALUE_OTHER", number=1)
        for text, number in item.values.items():
            values.add(name=f"VALUE_{text.upper().replace(' ', '_')}", number=number)
    field = message.field.add(
        name="values" if item.type == "list" else "value",
        number=1,
        label=_FIELD.LABEL_REPEATED if item.type == "list" else _FIELD.LABEL_OPTIONAL,
        type=_FIELD.TYPE_STRING,
    )
    if item.values:
        field.type, field.type_name = _FIELD.TYPE_ENUM, enum
    elif item.type in {"boolean", "count"}:
        field.type = _FIELD.TYPE_BOOL if item.type == "boolean" else _FIELD.TYPE_INT64
        field.proto3_optional, field.oneof_index = True, 0
        message.oneof_decl.add(name="_value")
    if item.type == "product":
        message.field.add(
            name="version", number=2, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_STRING
        )


def project(
    keys: tuple[Key, ...] = KEYS, *, mode: str = "ask_first", name: str = "sample"
) -> Project:
    return Project(
        name=name,
        title="Sample",
        homepage="https://example.org",
        recipient="The Sample project",
        contact="privacy@example.org",
        endpoint="grpcs://telemetry.example.org",
        mode=mode,
        digest="d" * 64,
        consent_digest="c" * 64,
        keys=keys,
        schema=lambda: schema(name, keys),
    )


SAMPLE = project()
NOTICED = project(mode="on_after_notice")


class Site:
    """A host's collectors, one method per key; remembers which were called."""

    def __init__(self, **answers: object) -> None:
        self.called: list[str] = []
        self.answers: dict[str, object] = {
            "version": "1.30.2",
            "php_version": "8.2.7",
            "web_server": ("nginx", "1.24.0"),
            "server_os": "WINNT",
            "multisite": False,
            "users": 42,
            "modules": ["views", "my_secret_module"],
            "layouts": ["taylor", "moscone"],
            "motto": "hello",
            **answers,
        }

    def __getattr__(self, name: str) -> Callable[[], object]:
        if name not in self.answers:
            raise AttributeError(name)

        def collector() -> object:
            self.called.append(name)
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return collector


class Talking(Recorder):
    """A transport whose server states a policy."""

    def __init__(self, *answers: Answer, threshold: int = 5, days: int = 2) -> None:
        super().__init__(*answers)
        self.asked: list[str] = []
        self.response = GetRegistryResponse()
        self.response.policy.threshold = threshold
        self.response.policy.grace.seconds = days * DAY

    def describe(self, name: str, timeout: float) -> tuple[Answer, bytes]:
        assert timeout > 0
        self.asked.append(name)
        if self.answers:
            return self.answers.pop(0), b""
        return Answer(code="OK"), self.response.SerializeToString()


class Host:
    """An installation under a clock of its own."""

    def __init__(  # noqa: PLR0913 - whatever a test wants otherwise
        self,
        directory: Path,
        *,
        project: Project = SAMPLE,
        transport: Recorder | None = None,
        site: Site | None = None,
        now: float = MONDAY + HOUR,
        chance: float = 0.5,
        environment: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.directory = directory
        self.now = now
        self.chance = chance
        self.site = site or Site()
        self.transport = transport if transport is not None else Recorder()
        self.environment = dict(environment or {})
        self.client = Client(
            project,
            self.site,
            state_directory=directory,
            environment=self.environment,
            clock=lambda: self.now,
            randomness=lambda: self.chance,
            transport=None if "endpoint" in more else self.transport,
            **{"off_file": "", **more},
        )

    def files(self) -> set[str]:
        """Paths of all files below the state directory."""
        return {
            str(path.relative_to(self.directory))
            for path in self.directory.rglob("*")
            if path.is_file()
        }

    def until_due(self) -> None:
        """Let time pass until a report is due."""
        for _ in range(5):
            if self.client.due():
                return
            moment = self.client.next_due()
            assert moment is not None, time.ctime(self.now)
            self.now = moment
        raise AssertionError("nothing ever became due")
